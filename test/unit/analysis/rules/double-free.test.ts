import { describe, expect, test } from 'vitest';
import { judge } from '../../../../src/analysis/judge.ts';
import { findings, sessionOf } from '../../../support/text-records.ts';

const HEAP = `
  0  heapAllocated block=1 memory=1 offset=64 length=32 by=malloc stack="at make (a.js:1:1)"
  1  blockFreed    block=1 memory=1 offset=64 stack="at drop (a.js:2:1)"`;
const TWICE = 'double-free error proven 0/k1 ×1';
const NODE = `
  0  nodeCreated node=7 emscripten=node memory=wasm
  0  memorySeen  memory=1 kind=wasm bytes=64
  0  passed      end=14 message=0 what=memory local=1
  1  @audio arrived end=2 message=0 what=memory local=1
  2  processorConstructed ordinal=0`;

describe('double-free, as a module tells', () => {
  test('fires, with the stacks of both frees', () => {
    const text = `${HEAP}
      2  heapMisfreed what=double block=1 memory=1 offset=64 stack="at drop (b.js:3:1)"`;
    expect(findings(text)).toEqual([TWICE]);
    const [finding] = judge(sessionOf(text));
    expect(finding?.stacks).toEqual({
      allocate: ['make (a.js:1:1)'],
      free: ['drop (a.js:2:1)'],
      'free again': ['drop (b.js:3:1)'],
    });
    expect(finding?.message).toBe('malloc #1 at 0x40 had been freed, and was freed again by page.');
  });

  test('fires for a block that another thread freed before', () => {
    const text = `${NODE}${HEAP}
      3  @audio heapMisfreed what=double block=0 memory=1 offset=64`;
    expect(findings(text)).toEqual([TWICE]);
  });

  test('fires for an address of which no block was told, once a memory', () => {
    const text = `
      1  heapMisfreed what=double block=0 memory=1 offset=64
      2  heapMisfreed what=double block=0 memory=1 offset=128`;
    expect(findings(text)).toEqual(['double-free error proven 0/t0 ×2']);
    expect(findings(`${NODE}${text}`)).toEqual(['double-free error proven 0/m0.1 ×2']);
  });

  test('is silent once a worker has the memory, whose modules nobody hears', () => {
    const text = `
      0  workerCreated worker=1
      0  memorySeen    memory=1 kind=wasm bytes=64
      1  passed        end=103 message=1 what=memory local=1
      1  portSent      end=103${HEAP}
      2  heapMisfreed  what=double block=1 memory=1 offset=64`;
    expect(findings(text).filter((each) => !each.startsWith('undelivered'))).toEqual([]);
  });

  test('fires where a worker has the memory that tells of blocks as well', () => {
    const text = `
      0  workerCreated worker=1
      0  memorySeen    memory=1 kind=wasm bytes=64
      1  passed        end=103 message=1 what=memory local=1
      1  portSent      end=103${HEAP}`;
    const again = '2  heapMisfreed  what=double block=1 memory=1 offset=64';
    const found = (lines: string): readonly string[] =>
      findings(`${text}\n${lines}`).filter((each) => each.startsWith('double'));
    expect(found(again)).toEqual([]);
    expect(found(`1 @w1 heapsHeard checked=false\n${again}`)).toHaveLength(1);
  });

  test('is likely where records were lost', () => {
    const text = `${HEAP}
      2  lost thread=0 count=3 why=ring-full
      3  heapMisfreed what=double block=1 memory=1 offset=64`;
    expect(findings(text)).toEqual(['double-free error likely 0/k1 ×1']);
  });
});

const DECLARED = `
  0  blockAllocated block=1 memory=1 offset=64 length=32 label=ring
  1  blockFreed     block=1 memory=1 offset=64`;

describe('double-free, as the page declares', () => {
  test('fires when what was freed is freed again', () => {
    expect(findings(`${DECLARED}\n 2 blockFreed block=0 memory=1 offset=64`)).toEqual([TWICE]);
  });

  test('fires for a block that another thread freed before', () => {
    const text = `${NODE}
      10  blockAllocated block=1 memory=1 offset=64 length=32 label=ring
      20  @audio blockFreed block=0 memory=1 offset=64
      30  blockFreed block=1 memory=1 offset=64`;
    expect(findings(text).filter((each) => each.startsWith('double'))).toEqual([TWICE]);
  });

  test('is silent for what is freed once, by whichever thread, and for another block there', () => {
    const text = `${NODE}${DECLARED}
      10  blockAllocated block=2 memory=1 offset=64 length=32 label=ring
      20  @audio blockFreed block=0 memory=1 offset=64`;
    expect(findings(text)).toEqual([]);
  });

  test('is silent where records were lost, or a worker was not entered', () => {
    const again = '2 blockFreed block=0 memory=1 offset=64';
    expect(findings(`0 lost thread=0 count=1 why=ring-full${DECLARED}\n${again}`)).toEqual([]);
    expect(findings(`0 workerCreated worker=1 entered=foreign${DECLARED}\n${again}`)).toEqual([]);
  });
});
