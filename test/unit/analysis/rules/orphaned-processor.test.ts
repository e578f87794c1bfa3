import { describe, expect, test } from 'vitest';
import { findings } from '../../../support/text-records.ts';

describe('orphaned-processor', () => {
  test('fires when a collected node’s processor is called and answers true', () => {
    expect(
      findings(`
        0      nodeCreated    node=7
        2667   process        node=7 times=10
        30000  nodeCollected  node=7
        32000  process        node=7 times=5
      `),
    ).toEqual(['orphaned-processor warning proven 0/n7 ×5']);
  });

  test('is silent when the calls had ended, or end with false', () => {
    expect(
      findings(`
        0      nodeCreated    node=7
        2667   process        node=7 times=9
        28000  process        node=7 returned=false
        30000  nodeCollected  node=7
      `),
    ).toEqual([]);
    expect(
      findings(`
        0      nodeCreated    node=7
        2667   process        node=7 times=9
        30000  nodeCollected  node=7
        32000  process        node=7 returned=false
      `),
    ).toEqual([]);
  });

  test('goes by time with a margin where the page is not isolated', () => {
    const text = (at: number) => `
      0      nodeCreated    node=7
      2667   process        node=7 times=10
      30000  nodeCollected  node=7
      ${at}  process        node=7 times=5
    `;
    expect(findings(text(32_000), { isolated: false })).toEqual([]);
    expect(findings(text(320_000), { isolated: false })).toEqual([
      'orphaned-processor warning likely 0/n7 ×5',
    ]);
  });
});
