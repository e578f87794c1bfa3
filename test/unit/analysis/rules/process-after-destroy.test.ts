import { describe, expect, test } from 'vitest';
import { findings } from '../../../support/text-records.ts';

describe('process-after-destroy', () => {
  test('fires for each call that began after the page declared the node destroyed', () => {
    expect(
      findings(`
        0      nodeCreated        node=7
        2667   process            node=7 times=10
        30000  declaredDestroyed  node=7
        32000  process            node=7 times=3
      `),
    ).toEqual(['process-after-destroy warning proven 0/n7 ×3']);
  });

  test('is an error where the processor holds memory that others may own by now', () => {
    const text = (memory: string) => `
      0      nodeCreated        node=7 ${memory}
      2667   process            node=7 times=10
      30000  declaredDestroyed  node=7
      32000  process            node=7 times=3
    `;
    expect(findings(text('memory=wasm'))).toEqual(['process-after-destroy error proven 0/n7 ×3']);
    expect(findings(text('memory=shared'))).toEqual(['process-after-destroy error proven 0/n7 ×3']);
    expect(findings(text('emscripten=node'))).toEqual([
      'process-after-destroy error proven 0/n7 ×3',
    ]);
  });

  test('is silent about the closing calls that answer false', () => {
    expect(
      findings(`
        0      nodeCreated        node=7
        2667   process            node=7 times=10
        30000  declaredDestroyed  node=7
        32000  process            node=7 times=2 returned=false
      `),
    ).toEqual([]);
  });
});
