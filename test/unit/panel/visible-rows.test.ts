import { expect, test } from 'vitest';
import {
  buildVisibleRows,
  heightOf,
  rowAt,
  rowsBetween,
} from '../../../src/panel/timeline/visible-rows.ts';
import type { Row } from '../../../src/panel/worker/protocol.ts';

function row(key: string, kind: Row['kind'], parent: string | undefined, label: string): Row {
  return {
    key,
    kind,
    parent,
    label,
    note: '',
    born: 0,
    started: undefined,
    ended: undefined,
    destroyed: undefined,
    after: undefined,
    quantumMicros: 2667,
    calls: 0,
    findings: 0,
    worst: undefined,
    verdict: undefined,
  };
}

const ROWS = [
  row('0/d', 'document', undefined, 'example.test'),
  row('0/c1', 'context', '0/d', 'AudioContext #1'),
  row('0/n1', 'node', '0/c1', 'reverb #1'),
  row('0/n2', 'node', '0/c1', 'synth #2'),
  row('0/c2', 'context', '0/d', 'OfflineAudioContext #2'),
  row('0/n3', 'node', '0/c2', 'reverb #3'),
];
const keys = (text: string, folded: readonly string[] = []): readonly string[] =>
  buildVisibleRows(ROWS, { text, folded: new Set(folded) }).map(({ row: each }) => each.key);

test('all rows are there when nothing is sought or folded', () => {
  expect(keys('')).toEqual(['0/d', '0/c1', '0/n1', '0/n2', '0/c2', '0/n3']);
});

test('a match keeps the headings above it', () => {
  expect(keys('synth')).toEqual(['0/d', '0/c1', '0/n2']);
});

test('a context that matches keeps its nodes', () => {
  expect(keys('offline')).toEqual(['0/d', '0/c2', '0/n3']);
});

test('a page whose address matches does not drown the search', () => {
  expect(keys('example')).toEqual(['0/d']);
});

test('a fold hides what is below it, and gives way to a search', () => {
  expect(keys('', ['0/c1'])).toEqual(['0/d', '0/c1', '0/c2', '0/n3']);
  expect(keys('', ['0/d'])).toEqual(['0/d']);
  expect(keys('synth', ['0/c1'])).toEqual(['0/d', '0/c1', '0/n2']);
});

test('rows follow each other without a gap and are found by their place', () => {
  const rows = buildVisibleRows(ROWS, { text: '', folded: new Set() });
  for (const [i, each] of rows.entries()) {
    const before = rows[i - 1];
    expect(each.topPx).toBe(before === undefined ? 0 : before.topPx + before.heightPx);
    expect(rowAt(rows, each.topPx)).toBe(each);
    expect(rowAt(rows, each.topPx + each.heightPx - 0.5)).toBe(each);
  }
  expect(rowAt(rows, heightOf(rows))).toBeUndefined();
  expect(rowAt(rows, -1)).toBeUndefined();
});

test('only rows that touch the window are given', () => {
  const rows = buildVisibleRows(ROWS, { text: '', folded: new Set() });
  expect(rowsBetween(rows, 23, 47).map(({ row: each }) => each.key)).toEqual(['0/c1', '0/n1']);
  expect(rowsBetween([], 0, 100)).toEqual([]);
});

test('of five thousand rows only those in sight are given', () => {
  const many = Array.from({ length: 5000 }, (_, i) => row(`0/n${i}`, 'node', undefined, `n ${i}`));
  const rows = buildVisibleRows(many, { text: '', folded: new Set() });
  const shown = rowsBetween(rows, 60_000, 60_500);
  expect(shown.length).toBeGreaterThan(18);
  expect(shown.length).toBeLessThan(25);
  expect(shown[0]?.row.key).toBe('0/n2307');
});
