import { expect, test } from 'vitest';
import { emptyReason } from '../../../../src/panel/heap/heap-empty-model.ts';
import {
  heapLines,
  lineId,
  selectedLine,
  stepLine,
} from '../../../../src/panel/heap/heap-lines.ts';
import type { HeapView } from '../../../../src/panel/worker/heap/heap-protocol.ts';
import { heapSession } from '../../../support/heap-session.ts';
import { PanelBench } from '../../../support/panel-bench.ts';

function view(): { readonly bench: PanelBench; readonly heap: HeapView } {
  const bench = new PanelBench();
  bench.ingest(heapSession());
  bench.pass(200);
  const query = {
    by: 'node',
    shown: 'all',
    sort: 'worst',
    text: '',
    toggled: ['0/n3'],
    memory: undefined,
    from: 0,
    to: 2.5e6,
    widthPx: 100,
  } as const;
  return { bench, heap: bench.ask({ ask: 'heap', query }) };
}

test('owners and their blocks are lines, a folded owner is one', () => {
  expect(heapLines(view().heap).map(lineId)).toEqual([
    'owner-0/n1',
    'block-0/k1',
    'owner-0/n3',
    'owner-0/n2',
    'block-0/k2',
  ]);
  expect(heapLines(undefined)).toEqual([]);
});

test('the keyboard walks over them and stops at the ends', () => {
  const lines = heapLines(view().heap);
  const step = (from: number | undefined, by: number | 'first' | 'last') => {
    const next = stepLine(lines, from === undefined ? undefined : lines[from], by);
    return next && lines.indexOf(next);
  };
  expect([step(undefined, 1), step(0, 1), step(4, 1), step(0, -1), step(0, 10)]).toEqual([
    0, 1, 4, 0, 4,
  ]);
  expect([step(2, 'first'), step(2, 'last'), step(undefined, -1)]).toEqual([0, 4, 4]);
  expect(stepLine([], undefined, 1)).toBeUndefined();
});

test('a finding about a block selects its line, one about a node that of the node', () => {
  const { bench, heap } = view();
  const lines = heapLines(heap);
  const lineOf = (rule: string) => {
    const finding = bench.session.findings.find((each) => each.rule === rule);
    const line = selectedLine(lines, finding?.row, finding);
    return line && lineId(line);
  };
  expect(lineOf('use-after-free')).toBe('block-0/k1');
  expect(lineOf('dangling-user-data')).toBe('owner-0/n1');
  expect(selectedLine(lines, undefined, undefined)).toBeUndefined();
});

test('why there is no heap is said: an opened file, a page that is not isolated, the level, or nothing so far', () => {
  expect(emptyReason('ledger', true, true)).toBe('file');
  expect(emptyReason('heap', false, false)).toBe('not-isolated');
  expect(emptyReason('ledger', true, false)).toBe('ledger');
  expect(emptyReason('full', true, false)).toBe('nothing');
});
