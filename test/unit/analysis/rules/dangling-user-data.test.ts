import { describe, expect, test } from 'vitest';
import { findings } from '../../../support/text-records.ts';

const NODE = `
  0  heapAllocated block=1 memory=1 offset=64 length=32 by=malloc
  0  nodeCreated   node=7 emscripten=node userData=68 memory=wasm
  0  userDataIn    node=7 block=1
  2  processorConstructed ordinal=0`;
const FREE = 'blockFreed block=1 memory=1 offset=64';
const RACY = 'free-not-ordered error proven 0/k1 ×1';

describe('dangling-user-data', () => {
  test('fires for the calls that began after the block was freed', () => {
    const text = `${NODE}
      10000  process  node=7 times=3
      30000  ${FREE}
      32000  process  node=7 times=4`;
    expect(findings(text)).toEqual([RACY, 'dangling-user-data error proven 0/n7 ×4']);
  });

  test('fires once the context runs again, though the free was in good order', () => {
    const text = `${NODE}
      10000  process  node=7 times=3
      30000  contextCall    context=1 call=1 method=suspend
      40000  contextSettled context=1 call=1 method=suspend
      50000  ${FREE}
      60000  contextCall    context=1 call=2 method=resume
      62000  process  node=7 times=4`;
    expect(findings(text).filter((each) => each.startsWith('dangling'))).toEqual([
      'dangling-user-data error proven 0/n7 ×4',
    ]);
  });

  test('is silent where no call began after that', () => {
    const text = `${NODE}
      10000  process  node=7 times=3
      30000  ${FREE}`;
    expect(findings(text)).toEqual([]);
  });

  test('leaves a call in flight to use-after-free', () => {
    const text = `${NODE}
      10000  process  node=7 times=3
      30000  process  node=7 seq=100..104
      30001  ${FREE} seq=102`;
    expect(findings(text)).toEqual([RACY, 'use-after-free error proven 0/k1 ×1']);
  });

  test('is silent for the calls that end the processor', () => {
    const text = `${NODE}
      10000  process  node=7 times=3
      30000  ${FREE}
      32000  process  node=7 returned=false`;
    expect(findings(text)).toEqual([]);
  });

  test('is silent about another block at the same address', () => {
    const text = `${NODE}
      5      blockFreed block=1 memory=1 offset=64
      6      heapAllocated block=2 memory=1 offset=64 length=32 by=malloc
      7      nodeCreated   node=8 emscripten=node userData=68 memory=wasm
      7      userDataIn    node=8 block=2
      8      processorConstructed ordinal=1
      10000  process  node=8 times=3`;
    expect(findings(text)).toEqual([]);
  });

  test('knows blocks of another thread, and frees by it', () => {
    const text = `
      0  heapFound   block=1 memory=1 offset=64
      0  nodeCreated node=7 emscripten=node userData=64 memory=wasm
      0  userDataIn  node=7 block=1
      0  memorySeen  memory=1 kind=wasm bytes=64
      0  passed      end=14 message=0 what=memory local=1
      1  @audio arrived end=2 message=0 what=memory local=1
      2  processorConstructed ordinal=0
      10000  process  node=7 times=3
      30000  @audio heapFreed memory=1 offset=64
      32000  process  node=7 times=4`;
    expect(findings(text).filter((each) => each.startsWith('dangling'))).toEqual([
      'dangling-user-data error proven 0/n7 ×4',
    ]);
  });
});
