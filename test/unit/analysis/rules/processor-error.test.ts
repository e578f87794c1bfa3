import { describe, expect, test } from 'vitest';
import { judge } from '../../../../src/analysis/judge.ts';
import { findings, sessionOf } from '../../../support/text-records.ts';

describe('processor-error', () => {
  test('fires once when the constructor threw, with its reason', () => {
    const session = sessionOf(`
      0     nodeCreated           node=7
      1000  processorConstructed  ordinal=0 name=noise outcome=rejected reason="RangeError: no"
      2000  processorErrorEvent   node=7 reason="RangeError: no"
    `);
    const found = judge(session);
    expect(found.map(({ rule, count }) => [rule, count])).toEqual([['processor-error', 1]]);
    expect(found[0]?.message).toBe(
      'noise #7: the constructor of its processor threw (RangeError: no); it is silent from then on.',
    );
  });

  test('fires when process() threw, known from the call, the record or the event alone', () => {
    const expected = ['processor-error error proven 0/n7 ×1'];
    const node = '0 nodeCreated node=7\n';
    expect(findings(`${node} 2667 process node=7 returned=threw`)).toEqual(expected);
    expect(findings(`${node} 2667 processorErrorEvent node=7`)).toEqual(expected);
    expect(
      findings(`${node}
        1000  processorConstructed  ordinal=0
        2667  process               node=7 returned=threw
        2668  processorFailed       ordinal=0 reason="TypeError: x"
      `),
    ).toEqual(expected);
  });

  test('finds a failure that arrived before its construction', () => {
    expect(
      findings(`
        0     nodeCreated           node=7
        2668  processorFailed       ordinal=0 reason="TypeError: x"
        1000  processorConstructed  ordinal=0
      `),
    ).toEqual(['processor-error error proven 0/n7 ×1']);
  });

  test('is silent when nothing threw', () => {
    expect(
      findings(`
        0     nodeCreated           node=7
        1000  processorConstructed  ordinal=0
        2667  process               node=7 times=5
      `),
    ).toEqual([]);
  });
});
