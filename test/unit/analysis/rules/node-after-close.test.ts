import { describe, expect, test } from 'vitest';
import { findings } from '../../../support/text-records.ts';

describe('node-after-close', () => {
  test('fires for every attempt in a closed context', () => {
    expect(
      findings(`
        0     contextCall     context=1 call=1 method=close
        1000  contextSettled  context=1 call=1 method=close
        2000  nodeRefused     context=1 processorName=noise contextState=closed
        3000  nodeRefused     context=1 processorName=noise contextState=closed
      `),
    ).toEqual(['node-after-close warning proven 0/c1 ×2']);
  });

  test('fires where the engine made the node all the same', () => {
    expect(
      findings(`
        0     contextCall     context=1 call=1 method=close
        1000  contextSettled  context=1 call=1 method=close
        2000  nodeCreated     node=7
      `),
    ).toEqual(['node-after-close warning proven 0/c1 ×1']);
  });

  test('is silent when a node was refused for another reason, or made before', () => {
    expect(
      findings(`
        0     nodeCreated     node=7
        1     nodeRefused     context=1 contextState=running reason="not registered"
        2     process         node=7 returned=false
        500   contextCall     context=1 call=1 method=close
        1000  contextSettled  context=1 call=1 method=close
      `),
    ).toEqual([]);
  });
});
