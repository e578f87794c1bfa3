import { describe, expect, test } from 'vitest';
import { findings } from '../../../support/text-records.ts';

const HANDLE =
  '0 heapAllocated block=1 memory=1 offset=64 length=208 by=calloc stack="at load (a.js:1:1)"';
const ended = (id: number): string =>
  `100000 fetchEnded block=1 id=${id} status=200 bytes=1024 url=kick.wav`;
const REFUSED = '110000 fetchRefused block=1 stack="at close (a.js:2:1)"';
const until = (at: number): string => `${at} mark text=end`;

describe('fetch-handle-leak', () => {
  test('is proven where closing was refused', () => {
    expect(findings(`${HANDLE}\n${ended(0)}\n${REFUSED}\n${until(1_200_000)}`)).toEqual([
      'fetch-handle-leak warning proven 0/t0 ×1',
    ]);
  });

  test('is likely where the id is 0 and nobody was seen to close', () => {
    expect(findings(`${HANDLE}\n${ended(0)}\n${until(1_200_000)}`)).toEqual([
      'fetch-handle-leak warning likely 0/t0 ×1',
    ]);
    expect(findings(`${HANDLE}\n${ended(0)}\n${until(1_000_000)}`)).toEqual([]);
  });

  test('is a hint where the handle could be closed, some seconds later', () => {
    expect(findings(`${HANDLE}\n${ended(1)}\n${until(4_000_000)}`)).toEqual([]);
    expect(findings(`${HANDLE}\n${ended(1)}\n${until(5_200_000)}`)).toEqual([
      'fetch-handle-leak info likely 0/t0 ×1',
    ]);
  });

  test('is silent once the handle was freed, however late', () => {
    const freed = '4000000 blockFreed block=1 memory=1 offset=64';
    expect(findings(`${HANDLE}\n${ended(0)}\n${REFUSED}\n${freed}\n${until(9_000_000)}`)).toEqual(
      [],
    );
  });

  test('is one finding for a heap, about the worst', () => {
    const other = `
      0 heapAllocated block=2 memory=1 offset=512 length=208 by=calloc
      90000 fetchEnded block=2 id=2 status=200 bytes=10 url=snare.wav`;
    const text = `${other}\n${HANDLE}\n${ended(0)}\n${REFUSED}\n${until(9_000_000)}`;
    expect(findings(text)).toEqual(['fetch-handle-leak warning proven 0/t0 ×2']);
  });
});
