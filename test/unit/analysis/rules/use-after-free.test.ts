import { describe, expect, test } from 'vitest';
import { judge } from '../../../../src/analysis/judge.ts';
import { findings, sessionOf } from '../../../support/text-records.ts';

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

const HEAP = `
  0  nodeCreated  node=7 memory=wasm emscripten=node userData=1024
  0  memorySeen   memory=1 bytes=65536 kind=wasm
  0  passed       end=14 message=0 what=memory local=1
  0  heapAllocated block=1 memory=1 offset=1024 length=32 by=malloc seq=2
  0  userDataIn   node=7 block=1
  1  @audio arrived end=2 message=0 what=memory local=3
  1  @audio memorySeen memory=3 bytes=65536 kind=wasm
  2  processorConstructed ordinal=0`;
const TOUCH =
  'freedTouched hit=1 thread=1 memory=3 offset=1024 length=32 into=8 access=f32.load bytes=4 functionIndex=5 functionName=process functionOffset=20 site=274 times=1';

describe('use-after-free by an instruction', () => {
  test('fires for the block that was freed there, with what, where and when', () => {
    const text = `${HEAP}
      10000  process  node=7 times=3
      30000  blockFreed block=1 memory=1 offset=1024 seq=100
      32000  process  node=7 seq=104..108
      32001  ${TOUCH} seq=106 stack="at process (wasm://wasm/1:wasm-function[5])"
      32005  freedTouchedAgain hit=1 times=4 seq=110`;
    expect(findings(text)).toEqual([
      RACY,
      'dangling-user-data error proven 0/n7 ×1',
      'use-after-free error proven 0/k1 ×4',
    ]);
    const found = judge(sessionOf(text)).find(({ rule }) => rule === 'use-after-free');
    expect(found?.message).toBe(
      'AudioContext #1: a load of 4 bytes (f32.load in function 5 “process”, byte 0x14 of it, 0x112 of the module) touched 8 bytes into the freed block malloc #1 of 32 bytes, 2 ms after it was freed, in process() of noise #7; at least 4 hits by 1 instruction. The free was not ordered after the last use: process() used it afterwards.',
    );
    expect(found?.stacks).toEqual({ access: ['process (wasm://wasm/1:wasm-function[5])'] });
  });

  test('fires though no call is seen to use the block', () => {
    const text = `${HEAP}
      10000  process  node=7 times=3
      20000  heapAllocated block=2 memory=1 offset=2048 length=64 by=malloc seq=90
      30000  blockFreed block=2 memory=1 offset=2048 seq=100
      32001  freedTouched hit=1 thread=0 memory=1 offset=2048 length=64 into=60 access=i32.store bytes=4 writes=true times=1 seq=106`;
    expect(findings(text)).toEqual(['use-after-free error proven 0/k2 ×1']);
  });

  test('is of the block that had been handed out by then, not of a later one there', () => {
    const text = `${HEAP}
      30000  blockFreed block=1 memory=1 offset=1024 seq=100
      32001  ${TOUCH} seq=106
      33000  heapAllocated block=2 memory=1 offset=1024 length=32 by=malloc seq=200`;
    expect(findings(text)).toContain('use-after-free error proven 0/k1 ×1');
  });

  test('is of the thread where nobody has told of the block', () => {
    const text = `${HEAP}
      32001  freedTouched hit=1 thread=1 memory=3 offset=4096 length=16 into=0 access=i32.load bytes=4 times=2 seq=106`;
    expect(findings(text)).toEqual(['use-after-free error proven 0/t1 ×2']);
  });
});
