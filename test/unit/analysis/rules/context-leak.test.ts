import { describe, expect, test } from 'vitest';
import { findings } from '../../../support/text-records.ts';

const contexts = (count: number, fields = '') =>
  Array.from({ length: count }, (_, i) => `${i} contextCreated context=${i + 1} ${fields}`).join(
    '\n',
  );

describe('context-leak', () => {
  test('fires at the sixth real-time context that is neither closed nor collected', () => {
    expect(findings(contexts(6))).toEqual(['context-leak warning proven 0/c6 ×6']);
    expect(findings(contexts(5))).toEqual([]);
  });

  test('does not count closed, closing, collected or offline contexts', () => {
    expect(findings(`${contexts(6)}\n 100 contextCollected context=3`)).toEqual([]);
    expect(findings(`${contexts(6)}\n 100 contextCall context=3 call=1 method=close`)).toEqual([]);
    expect(
      findings(`${contexts(6)}
        100  contextCall     context=3 call=1 method=close
        200  contextSettled  context=3 call=1 method=close
      `),
    ).toEqual([]);
    expect(findings(contexts(9, 'kind=offline length=128'))).toEqual([]);
  });

  test('counts a context again whose close() was rejected', () => {
    expect(
      findings(`${contexts(6)}
        100  contextCall     context=3 call=1 method=close
        200  contextSettled  context=3 call=1 method=close outcome=rejected
      `),
    ).toEqual(['context-leak warning proven 0/c6 ×6']);
  });

  test('is silent when a closing may have been lost', () => {
    expect(findings(`${contexts(6)}\n 100 lost thread=0 count=1`)).toEqual([]);
  });
});
