import { describe, expect, test } from 'vitest';
import { findings } from '../../../support/text-records.ts';

const HANDED = `
  0  nodeCreated  node=7 memory=shared
  0  memorySeen   memory=1 bytes=64
  0  passed       end=14 message=0 what=memory local=1
  0  blockAllocated block=1 memory=1 offset=0 length=64 label=state
  1  @audio arrived end=2 message=0 what=memory local=1
  2  processorConstructed ordinal=0`;
const FREE = 'blockFreed block=1 memory=1 offset=0';
const RACY = 'free-not-ordered error proven 0/k1 ×1';

describe('use-after-free', () => {
  test('fires when a call was in flight as its block was freed', () => {
    const text = `${HANDED}
      10000  process  node=7 times=3
      30000  process  node=7 seq=100..104
      30001  ${FREE} seq=102`;
    expect(findings(text)).toEqual([RACY, 'use-after-free error proven 0/k1 ×1']);
  });

  test('fires for calls that began after that', () => {
    const text = `${HANDED}
      10000  process  node=7 times=3
      30000  ${FREE}
      32000  process  node=7 times=4`;
    expect(findings(text)).toEqual([RACY, 'use-after-free error proven 0/k1 ×4']);
  });

  test('is silent when no call collided', () => {
    const text = `${HANDED}
      10000  process  node=7 times=3
      30000  ${FREE}`;
    expect(findings(text)).toEqual([RACY]);
  });

  test('is silent for the calls that end the processor', () => {
    const text = `${HANDED}
      10000  process  node=7 times=3
      30000  ${FREE}
      32000  process  node=7 returned=false`;
    expect(findings(text)).toEqual([RACY]);
  });

  test('is silent where the destruction of the node says it', () => {
    const text = `${HANDED}
      10000  process  node=7 times=3
      30000  process  node=7 seq=100..106
      30001  declaredDestroyed node=7 seq=102
      30002  ${FREE} seq=104`;
    expect(findings(text)).toEqual(['process-in-flight-at-destroy error proven 0/n7 ×1', RACY]);
  });

  test('is silent where the memory holds another block, which the calls may be about', () => {
    const text = `${HANDED}
      5      blockAllocated block=2 memory=1 offset=32 length=32 label=other
      10000  process  node=7 times=3
      30000  ${FREE}
      32000  process  node=7 times=4`;
    expect(findings(text)).toEqual([RACY]);
  });

  test('is silent without the shared counter', () => {
    const text = `${HANDED}
      10000  process  node=7 times=3
      30000  ${FREE}
      62000  process  node=7 times=4`;
    const found = findings(text, { isolated: false });
    expect(found.filter((each) => each.startsWith('use-after-free'))).toEqual([]);
  });
});
