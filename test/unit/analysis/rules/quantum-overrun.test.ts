import { describe, expect, test } from 'vitest';
import { judge } from '../../../../src/analysis/judge.ts';
import { findings, sessionOf } from '../../../support/text-records.ts';

const NODES = `
  0  nodeCreated  node=7
  0  nodeCreated  node=8
`;

describe('quantum-overrun', () => {
  test('fires when more than one per cent of a second’s quanta take too long', () => {
    expect(
      findings(`${NODES}
        2667    process  node=7 times=100 duration=300
        300000  process  node=7 times=4 duration=2700
        320000  process  node=7 times=200 duration=300
      `),
    ).toEqual(['quantum-overrun warning likely 0/c1 ×4']);
  });

  test('is silent at one per cent', () => {
    expect(
      findings(`${NODES}
        2667    process  node=7 times=100 duration=300
        300000  process  node=7 times=3 duration=2700
        320000  process  node=7 times=200 duration=300
      `),
    ).toEqual([]);
  });

  test('allows for the step of a clock that counts whole milliseconds', () => {
    const text = (duration: number) => `${NODES}
      300000  process  node=7 times=9 duration=${duration}
      400000  process  node=7
    `;
    expect(findings(text(3000))).toEqual([]);
    expect(findings(text(3010))).toEqual(['quantum-overrun warning likely 0/c1 ×8']);
    expect(findings(text(4000))).toEqual(['quantum-overrun warning likely 0/c1 ×8']);
  });

  test('adds up all processors of a quantum', () => {
    const quanta = Array.from(
      { length: 5 },
      (_, i) => `
        ${(i + 1) * 8000}  process  node=7 frame=${(i + 1) * 384} duration=1400
        ${(i + 1) * 8000}  process  node=8 frame=${(i + 1) * 384} duration=1400`,
    );
    expect(findings(`${NODES}${quanta.join('')}`)).toEqual([
      'quantum-overrun warning likely 0/c1 ×4',
    ]);
  });

  test('counts no quantum whose frame stood still: several look like one', () => {
    const quanta = Array.from(
      { length: 9 },
      (_, i) => `
        ${(i + 1) * 8000}  process  node=7 frame=${(i + 1) * 384} duration=1400
        ${(i + 1) * 8000}  process  node=7 frame=${(i + 1) * 384} duration=1400`,
    );
    expect(findings(`${NODES}${quanta.join('')}`)).toEqual([]);
  });

  test('fires when the device reported underruns, and names them', () => {
    const session = sessionOf(`5000 underrun context=1 events=3 duration=9000`);
    const [finding] = judge(session);
    expect(finding?.message).toBe(
      'AudioContext #1: the device reported 3 underruns; process() took little of the budget, so something else held the device up.',
    );
    expect(finding?.certainty).toBe('proven');
    expect(finding?.severity).toBe('info');
  });

  test('lays underruns at the door of processors that take most of the budget', () => {
    const text = (duration: number) => `${NODES}
      2667  process   node=7 times=100 duration=${duration}
      5000  underrun  context=1 events=3 duration=9000
    `;
    expect(findings(text(1500))).toEqual(['quantum-overrun warning proven 0/c1 ×3']);
    expect(findings(text(1200))).toEqual(['quantum-overrun info proven 0/c1 ×3']);
  });

  test('is silent about calls that were not timed and about offline contexts', () => {
    expect(findings(`${NODES} 2667 process node=7 times=400`)).toEqual([]);
    expect(
      findings(`
        0     contextCreated  context=1 kind=offline length=96000
        0     threadStarted   thread=1 kind=audio context=1
        1     nodeCreated     node=7
        2667  process         node=7 times=100 duration=9000
      `),
    ).toEqual([]);
  });
});
