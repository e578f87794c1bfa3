import { describe, expect, test } from 'vitest';
import { findings } from '../../support/text-records.ts';

describe('what stress teardown does is not held against the page', () => {
  const underrun = (stressed: string) => `
    0        nodeCreated  node=7
    1000000  process      node=7 times=100
    1300000  ${stressed}
    1500000  underrun     context=1 events=2 duration=20000`;

  test('underruns after it has kept the audio rendering thread busy', () => {
    expect(findings(underrun('mark text=lifeline:none'))).toEqual([
      'quantum-overrun info proven 0/c1 ×2',
    ]);
    const hold = (action: string) =>
      `stressed context=1 node=7 action=${action} seed=1 step=0 micros=20000`;
    expect(findings(underrun(hold('hold')))).toEqual([]);
    expect(findings(underrun(hold('nothing')))).toEqual(['quantum-overrun info proven 0/c1 ×2']);
    const later = `${underrun(hold('drop'))}
      9000000  underrun     context=1 events=1 duration=1000`;
    expect(findings(later)).toEqual(['quantum-overrun info proven 0/c1 ×1']);
  });

  const standing = (between: string) => `
    0       contextState  context=1 state=running
    0       nodeCreated   node=7
    10000   process       node=7 times=10
    100000  ${between}
    110000  contextState  context=1 state=suspended
    120000  disconnected  source=7
    200000  stressed      context=1 node=7 action=resume seed=1 step=0 micros=0
    210000  contextState  context=1 state=running
    220000  process       node=7 times=5`;
  const SUSPEND = 'stressed context=1 node=7 action=suspend seed=1 step=0 micros=100000';

  test('that a context stands still which it has suspended', () => {
    expect(findings(standing('mark text=lifeline:none'))).toEqual([
      'teardown-while-suspended warning likely 0/n7 ×5',
    ]);
    expect(findings(standing(SUSPEND))).toEqual([]);
  });

  test('but that the page has suspended it since, is', () => {
    const called = `${SUSPEND}
      100100  contextCall    context=1 call=1 method=suspend
      110100  contextSettled context=1 call=1 method=suspend`;
    expect(findings(standing(called))).toEqual(['teardown-while-suspended warning likely 0/n7 ×5']);
  });
});
