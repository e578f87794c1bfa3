import { describe, expect, test } from 'vitest';
import { judge } from '../../../../src/analysis/judge.ts';
import { findings, sessionOf } from '../../../support/text-records.ts';

const BEGUN = '@audio instantiationBegun instantiation=1';
const SETTLED = '@audio instantiationSettled instantiation=1';

describe('called-before-ready', () => {
  test('fires when a processor was called before what its constructor had begun was there', () => {
    const session = sessionOf(`
      0     nodeCreated node=7
      1000  ${BEGUN} node=1 stack="at instantiate"
      1001  processorConstructed ordinal=0
      10000 process node=7 times=5
      26000 ${SETTLED}
      27000 process node=7 times=9`);
    const [finding] = judge(session);
    expect(finding).toMatchObject({
      rule: 'called-before-ready',
      severity: 'info',
      certainty: 'proven',
      count: 5,
      stacks: { instantiate: ['instantiate'] },
      message:
        'noise #7 was called 5 times before the instantiation that it had begun was over: it settled 25 ms later.',
    });
  });

  test('fires for what the scope had begun, of every processor that was made since', () => {
    expect(
      findings(`
        0     nodeCreated node=7
        0     nodeCreated node=8
        500   processorConstructed ordinal=0
        1000  ${BEGUN}
        2000  processorConstructed ordinal=1
        10000 process node=7 times=5
        10000 process node=8 times=5`),
    ).toEqual(['called-before-ready info proven 0/n8 ×5']);
  });

  test('is silent when the first call came after it', () => {
    expect(
      findings(`
        0     nodeCreated node=7
        1000  ${BEGUN} node=1
        1001  processorConstructed ordinal=0
        9000  ${SETTLED}
        10000 process node=7 times=5`),
    ).toEqual([]);
  });

  test('is silent about the instantiation of another processor', () => {
    expect(
      findings(`
        0     nodeCreated node=7
        0     nodeCreated node=8
        1000  ${BEGUN} node=2
        1001  processorConstructed ordinal=0
        1001  processorConstructed ordinal=1
        10000 process node=7 times=5`),
    ).toEqual([]);
  });

  test('counts by frames where the page is not isolated', () => {
    const text = `
      0     nodeCreated node=7
      1000  ${BEGUN} node=1
      1001  processorConstructed ordinal=0
      10000 process node=7 times=5
      26000 ${SETTLED}
      27000 process node=7 times=9`;
    expect(findings(text, { isolated: false })).toEqual([
      'called-before-ready info likely 0/n7 ×5',
    ]);
  });
});
