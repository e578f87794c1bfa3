import { describe, expect, test } from 'vitest';
import { judge } from '../../../../src/analysis/judge.ts';
import { findings, sessionOf } from '../../../support/text-records.ts';

describe('invalid-free', () => {
  test('fires for what a module frees that was never handed out', () => {
    const text = `
      1  heapMisfreed what=invalid block=0 memory=1 offset=72 stack="at drop (b.js:3:1)"
      2  heapMisfreed what=invalid block=0 memory=1 offset=80`;
    expect(findings(text)).toEqual(['invalid-free error proven 0/t0 ×2']);
    const [finding] = judge(sessionOf(text));
    expect(finding?.stacks).toEqual({ free: ['drop (b.js:3:1)'] });
    expect(finding?.message).toBe(
      '0x48 was freed by page, and no block was ever handed out there, and 1 other.',
    );
  });

  test('is silent for a free by another thread than the one that was told of the block', () => {
    const text = `
      0  heapAllocated block=1 memory=1 offset=64 length=32 by=malloc
      1  @audio heapFreed memory=5 offset=64`;
    expect(findings(text)).toEqual([]);
  });

  test('fires for what the page declares to be freed, and never declared to be there', () => {
    const text = `
      0  blockAllocated block=1 memory=1 offset=64 length=32 label=ring
      1  blockFreed     block=0 memory=1 offset=72`;
    expect(findings(text)).toEqual(['invalid-free error proven 0/t0 ×1']);
  });

  test('is silent as long as it may be a block that another thread declared', () => {
    const text = `
      0  blockAllocated block=1 memory=1 offset=64 length=32 label=ring
      1  @audio blockFreed block=0 memory=5 offset=64`;
    expect(findings(text)).toEqual([]);
  });

  test('is silent for a block of which more were declared than are kept', () => {
    const text = `
      0  lost       thread=0 count=1 why=history-limit
      1  blockFreed block=0 memory=1 offset=72`;
    expect(findings(text)).toEqual([]);
  });
});
