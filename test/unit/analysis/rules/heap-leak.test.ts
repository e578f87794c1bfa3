import { describe, expect, test } from 'vitest';
import { findings } from '../../../support/text-records.ts';

/** A voice that is called, and destroyed after so many microseconds. */
const voice = (node: number, destroyed: number, name = 'voice', callback = 1): string => `
  0  heapAllocated block=${node} memory=1 offset=${node * 64} length=32 by=malloc
  0  nodeCreated   node=${node} emscripten=node userData=${node * 64} callback=${callback} processorName=${name}
  0  userDataIn    node=${node} block=${node}
  0  connected     source=${node} target=99
  10000  process   node=${node} times=2
  20000  process   node=${node} returned=false
  ${destroyed}  disconnected source=${node} what=all`;
const freed = (node: number, at: number): string =>
  `${at} blockFreed block=${node} memory=1 offset=${node * 64}`;
const END = '2000000 mark text=end';

const leaks = (text: string): readonly string[] =>
  findings(text).filter((each) => each.startsWith('heap-leak'));

describe('heap-leak', () => {
  test('fires for user data that is still there when that of a later node was freed', () => {
    const text = `${voice(1, 100_000)}${voice(2, 200_000)}
      ${freed(2, 300_000)}
      ${END}`;
    expect(leaks(text)).toEqual(['heap-leak warning likely 0/n1 ×1']);
  });

  test('is one finding for all nodes of a kind', () => {
    const text = `${voice(1, 100_000)}${voice(2, 150_000)}${voice(3, 200_000)}
      ${freed(3, 300_000)}
      ${END}`;
    expect(leaks(text)).toEqual(['heap-leak warning likely 0/n1 ×2']);
  });

  test('is silent within the second', () => {
    const text = `${voice(1, 100_000)}${voice(2, 200_000)}
      ${freed(2, 300_000)}
      1090000 mark text=end`;
    expect(leaks(text)).toEqual([]);
  });

  test('is silent where those that were freed were destroyed before', () => {
    const text = `${voice(1, 100_000)}${voice(2, 200_000)}
      ${freed(1, 300_000)}
      ${END}`;
    expect(leaks(text)).toEqual([]);
  });

  test('is silent where no node of a kind is freed', () => {
    const text = `${voice(1, 100_000)}${voice(2, 200_000, 'noise')}${voice(3, 200_000, 'voice', 2)}
      ${freed(2, 300_000)}
      ${freed(3, 300_000)}
      ${END}`;
    expect(leaks(text)).toEqual([]);
  });

  test('is silent while another node uses the block', () => {
    const text = `${voice(1, 100_000)}${voice(2, 200_000)}${voice(3, 9_000_000)}
      0  userDataIn node=3 block=1
      ${freed(2, 300_000)}
      ${END}`;
    expect(leaks(text.replace(/9000000.*/, ''))).toEqual([]);
  });

  test('is silent about a node that was connected again', () => {
    const text = `${voice(1, 100_000)}${voice(2, 200_000)}
      150000 connected source=1 target=99
      ${freed(2, 300_000)}
      ${END}`;
    expect(leaks(text)).toEqual([]);
  });
});

/** A count each second, from second 1 on. */
const counts = (...live: readonly number[]): string =>
  live
    .map(
      (count, i) => `${(i + 1) * 1e6} heapSite site=1 live=${count} bytes=${count} made=${count}`,
    )
    .join('\n');
const GROWING = [70, 80, 90, 100, 110, 120, 130, 140, 150, 160, 170];

describe('heap-leak of a place that allocates', () => {
  test('fires when its blocks have only grown', () => {
    expect(leaks(counts(...GROWING))).toEqual(['heap-leak warning likely 0/t0 ×1']);
  });

  test('is one finding a thread', () => {
    const other = counts(...GROWING).replaceAll('site=1', 'site=2');
    expect(leaks(`${counts(...GROWING)}\n${other}`)).toEqual(['heap-leak warning likely 0/t0 ×2']);
  });

  test.each([
    ['for less than ten seconds', counts(...GROWING.slice(1))],
    ['but once', counts(...GROWING.slice(0, 5), 100, ...GROWING.slice(6))],
    ['to fewer than are worth it', counts(...GROWING.map((count) => count - 43))],
    ['and then stayed', `${counts(...GROWING)}\n14000000 mark text=end`],
  ])('is silent when they have grown %s', (_, text) => {
    expect(leaks(text)).toEqual([]);
  });
});
