import { expect, test } from 'vitest';
import { Session } from '../../src/analysis/session.ts';
import { BlockIndexes } from '../../src/panel/worker/heap/block-index.ts';
import { buildHeap } from '../../src/panel/worker/heap/build-heap.ts';
import {
  HEAP_OWNERS,
  type HeapOwner,
  type HeapView,
} from '../../src/panel/worker/heap/heap-protocol.ts';
import { printFigure } from '../support/figure.ts';
import { manyBlocks } from '../support/heap-session.ts';

const BLOCKS = 1_000_000;
/** The first look takes up all blocks; later ones what has changed. */
const MAX_FIRST_MS = 10_000;
const MAX_MS = 500;
const MAX_ANSWER_BYTES = 2 ** 20;

test('the heap view of a million blocks', () => {
  const session = new Session();
  for (const input of manyBlocks(BLOCKS)) session.ingest(input);
  const indexes = new BlockIndexes();
  const look = (by: HeapOwner): { readonly view: HeapView; readonly ms: number } => {
    const window = { memory: undefined, from: 0, to: 3e6, widthPx: 1500 };
    const query = { by, shown: 'all', sort: 'worst', text: '', toggled: [], ...window } as const;
    const begin = performance.now();
    const view = buildHeap(session, [], query, indexes);
    return { view, ms: performance.now() - begin };
  };
  const figure = (name: string, value: number, most: number): void => {
    printFigure({ figure: name, value, unit: 'ms', bar: `value <= ${most}` });
    expect(value).toBeLessThanOrEqual(most);
  };

  figure('first heap view of a million blocks', look('node').ms, MAX_FIRST_MS);
  for (const by of HEAP_OWNERS) {
    const looks = [look(by), look(by), look(by)];
    figure(
      `heap view of a million blocks by ${by}`,
      Math.min(...looks.map(({ ms }) => ms)),
      MAX_MS,
    );
    for (const { view } of looks) {
      expect(view.blocks).toBe(BLOCKS);
      expect(bytesOf(view)).toBeLessThanOrEqual(MAX_ANSWER_BYTES);
    }
  }
}, 600_000);

/** What is sent, more or less. */
function bytesOf({ curve, groups }: HeapView): number {
  const curves = [curve.known, curve.counted, curve.resting, ...groups.map((each) => each.curve)];
  const words = JSON.stringify(groups.map((each) => ({ ...each, curve: undefined })));
  return words.length + curves.reduce((sum, { byteLength }) => sum + byteLength, 0);
}
