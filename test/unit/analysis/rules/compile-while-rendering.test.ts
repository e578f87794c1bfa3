import { describe, expect, test } from 'vitest';
import { judge } from '../../../../src/analysis/judge.ts';
import { findings, sessionOf } from '../../../support/text-records.ts';

const RUNNING = `
  0     nodeCreated  node=7
  10000 process      node=7 times=10`;
const compiled = (micros: number, rest = 'rendered=true') =>
  `50000 @audio wasmBlocked micros=${micros} uncertainty=1000 stack="at compile" ${rest}`;

describe('compile-while-rendering', () => {
  test('fires when compiling took longer than a quantum lasts, and says how sure the clock is', () => {
    const session = sessionOf(`${RUNNING}
      ${compiled(14_000)}
      70000 @audio wasmBlocked what=instantiate micros=5000 uncertainty=1000 rendered=true`);
    const [finding] = judge(session);
    expect(finding).toMatchObject({
      rule: 'compile-while-rendering',
      severity: 'warning',
      certainty: 'likely',
      count: 2,
      stacks: { compile: ['compile'] },
      message:
        'AudioContext #1: compiling a module took 14 ms ± 1 ms of its rendering thread while it ran, the longest of 2 such times; a quantum lasts 2.67 ms.',
    });
  });

  test('is silent as long as it may have fitted into a quantum', () => {
    expect(findings(`${RUNNING}\n${compiled(3666)}`)).toEqual([]);
    expect(findings(`${RUNNING}\n${compiled(3668)}`)).toEqual([
      'compile-while-rendering warning likely 0/c1 ×1',
    ]);
  });

  test('is only a hint where no processor had been called yet', () => {
    expect(findings(`${RUNNING}\n${compiled(14_000, '')}`)).toEqual([
      'compile-while-rendering info likely 0/c1 ×1',
    ]);
  });

  test('is silent while the context is suspended', () => {
    expect(
      findings(`${RUNNING}
        40000 contextState context=1 state=suspended
        ${compiled(14_000)}`),
    ).toEqual([]);
  });

  test('is silent offline, where nobody listens', () => {
    expect(
      findings(`
        0     contextCreated  context=1 kind=offline length=96000 state=running
        0     threadStarted   thread=1 kind=audio context=1
        1     nodeCreated     node=7
        10000 process         node=7 times=10
        ${compiled(14_000)}`),
    ).toEqual([]);
  });
});
