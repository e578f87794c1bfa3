import { expect, test } from 'vitest';
import { judge } from '../../src/analysis/judge.ts';
import { Session } from '../../src/analysis/session.ts';
import { BlockIndexes } from '../../src/panel/worker/heap/block-index.ts';
import { buildHeap } from '../../src/panel/worker/heap/build-heap.ts';
import { HEAP_OWNERS } from '../../src/panel/worker/heap/heap-protocol.ts';
import { printFigure } from '../support/figure.ts';
import { manyBlocks } from '../support/heap-session.ts';

const BLOCKS = 1_000_000;
const MAX_MS = 2000;
/** As a structured clone, more or less. */
const MAX_ANSWER_BYTES = 2 ** 20;

test('the heap view of a million blocks', () => {
  const session = new Session();
  for (const input of manyBlocks(BLOCKS)) session.ingest(input);
  let blocks = 0;
  for (const document of session.documents) blocks += document.blocks.size;
  expect(blocks).toBe(BLOCKS);
  const began = performance.now();
  const found = judge(session);
  console.log(`judged in ${performance.now() - began} ms`, found.length);
  const indexes = new BlockIndexes();
  for (const by of HEAP_OWNERS) {
    let ms = Number.POSITIVE_INFINITY;
    let bytes = 0;
    for (let i = 0; i < 3; i++) {
      const begin = performance.now();
      const view = buildHeap(
        session,
        found,
        {
          by,
          shown: 'all',
          sort: 'worst',
          text: '',
          toggled: [],
          memory: undefined,
          from: 0,
          to: 3e6,
          widthPx: 1500,
        },
        indexes,
      );
      ms = Math.min(ms, performance.now() - begin);
      bytes = JSON.stringify({
        ...view,
        curve: [],
        groups: view.groups.map((each) => ({ ...each, curve: [] })),
      }).length;
      for (const { curve } of view.groups) bytes += curve.byteLength;
      expect(view.blocks).toBe(BLOCKS);
    }
    printFigure({
      figure: `heap view of a million blocks by ${by}`,
      value: ms,
      unit: 'ms',
      bar: `value <= ${MAX_MS}`,
    });
    expect(ms).toBeLessThanOrEqual(MAX_MS);
    expect(bytes).toBeLessThanOrEqual(MAX_ANSWER_BYTES);
  }
}, 600_000);
