import { expect, test } from 'vitest';
import { xOf } from '../../../src/panel/drawing/time-scale.ts';
import type { SceneRow } from '../../../src/panel/timeline/layout.ts';
import { type SceneOptions, sceneOf } from '../../support/panel-scene.ts';
import { studioSession } from '../../support/studio-session.ts';
import { teardownSession } from '../../support/teardown-session.ts';
import { textInputs } from '../../support/text-records.ts';

const STUDIO = studioSession();

const DESTROYED = `
  0       nodeCreated       node=7
  10000   connected         source=7 target=9
  20000   process           node=7 times=300 duration=120
  820000  process           node=7 times=30
  900000  declaredDestroyed node=7
  902000  process           node=7 times=100
`;

function rowOf(text: string, label: string, options?: SceneOptions): SceneRow {
  return rowIn(sceneOf(textInputs(text), options).scene.rows, label);
}

function rowIn(rows: readonly SceneRow[], label: string): SceneRow {
  const row = rows.find(({ visible }) => visible.row.label === label);
  if (row === undefined) throw new Error(`no row ${label}`);
  return row;
}

const SPAN = { from: 0, to: 1_200_000 };

test('calls after the destruction have the tone of the finding, those before it do not', () => {
  const { bars } = rowOf(DESTROYED, 'noise #7', { span: SPAN });
  const cut = 220 + xOf(SPAN, 1000, 900_000);
  expect(bars.length).toBeGreaterThan(1);
  for (const bar of bars) {
    if (bar.x + bar.width <= cut - 4) expect(bar.tone).toBe('normal');
    if (bar.x >= cut) expect(bar.tone).toBe('warning');
  }
  expect(bars.some(({ tone }) => tone === 'warning')).toBe(true);
});

test('the lifeline is whole until the destruction and is another after it', () => {
  const { life, after } = rowOf(DESTROYED, 'noise #7', { span: SPAN });
  expect(life?.x).toBeCloseTo(220, 6);
  expect((life?.x ?? 0) + (life?.width ?? 0)).toBeCloseTo(after?.x ?? 0, 6);
  expect(after?.tone).toBe('warning');
});

test('zoomed in, every call is a bar of its own, as wide as it took', () => {
  const span = { from: 20_000, to: 36_000 };
  const { bars } = rowOf(DESTROYED, 'noise #7', { span });
  expect(bars).toHaveLength(7);
  const widths = bars.slice(1, 6).map(({ width }) => width);
  for (const width of widths) expect(width).toBeCloseTo((120 / 16_000) * 1000, 1);
  expect((bars[2]?.x ?? 0) - (bars[1]?.x ?? 0)).toBeCloseTo((2666.67 / 16_000) * 1000, 1);
});

test('a pause in the calls is a pause in the bars', () => {
  const { bars } = rowOf(DESTROYED, 'noise #7', { span: { from: 0, to: 3_000_000 } });
  const first = bars.filter(({ tone }) => tone === 'normal');
  expect(first.every(({ level }) => level === 4)).toBe(true);
});

test('nothing is ever laid out of the chart', () => {
  for (const span of [SPAN, { from: 400_000, to: 401_000 }, { from: -5e6, to: 50e6 }]) {
    const { scene } = sceneOf(STUDIO, { span });
    for (const row of scene.rows) {
      for (const { x, width } of [...row.bars, ...row.bands, ...row.gaps]) {
        expect(x).toBeGreaterThanOrEqual(220);
        expect(x + width).toBeLessThanOrEqual(1220.001);
        expect(width).toBeGreaterThan(0);
      }
      for (const { x } of [...row.marks, ...row.flags]) {
        expect(x).toBeGreaterThanOrEqual(220);
        expect(x).toBeLessThanOrEqual(1220);
      }
    }
  }
});

test('rows are documents, contexts and nodes in order of creation', () => {
  const { session } = sceneOf(STUDIO);
  expect(session.rows.map(({ kind, label }) => `${kind} ${label}`)).toEqual([
    'document studio.example/app/index.html',
    'context AudioContext #1',
    'node tone-generator #1',
    'node reverb #2',
    'node level-meter #3',
    'node granular-player-with-a-name-longer-than-any-column #4',
    'node pulse #5',
    'context OfflineAudioContext #2',
    'node bounce #6',
    'context AudioContext #3',
  ]);
});

test('a context shows each state until the next one', () => {
  const { scene } = sceneOf(STUDIO);
  const { bands } = rowIn(scene.rows, 'AudioContext #1');
  expect(bands.map(({ state }) => state)).toEqual(['suspended', 'running', 'suspended', 'running']);
  for (const [i, band] of bands.entries()) {
    const next = bands[i + 1];
    if (next !== undefined) expect(band.x + band.width).toBeCloseTo(next.x, 3);
  }
});

test('a loss is a gap from the last call before it, on every lifeline of that thread', () => {
  const { scene } = sceneOf(STUDIO);
  const gapOf = (label: string) => rowIn(scene.rows, label).gaps;
  const [gap] = gapOf('tone-generator #1');
  expect(gap?.width).toBeGreaterThan(20);
  for (const label of ['reverb #2', 'pulse #5', 'AudioContext #1']) {
    expect(gapOf(label)).toHaveLength(1);
    expect(gapOf(label)[0]?.x).toBeCloseTo(gap?.x ?? 0, 6);
  }
  expect(gapOf('level-meter #3'), 'it was collected before').toEqual([]);
  expect(gapOf('bounce #6'), 'it is of another thread').toEqual([]);
});

test('a quantum over its budget is marked', () => {
  const { scene } = sceneOf(STUDIO);
  expect(rowIn(scene.rows, 'reverb #2').bars.some(({ over }) => over)).toBe(true);
  expect(rowIn(scene.rows, 'pulse #5').bars.some(({ over }) => over)).toBe(false);
});

test('the gravest flag is drawn over the others', () => {
  const { scene } = sceneOf(STUDIO);
  const { flags } = rowIn(scene.rows, 'tone-generator #1');
  expect(flags.at(-1)?.severity).toBe('error');
});

test('the evidence of the selected finding is pointed out', () => {
  const { session } = sceneOf(STUDIO);
  const chosen = session.findings[0];
  const { scene } = sceneOf(STUDIO, {
    over: { selectedFinding: chosen?.id, selectedRow: chosen?.row },
  });
  expect(scene.evidence).toHaveLength(chosen?.evidence.length ?? 0);
  expect(scene.rows.filter(({ selected }) => selected)).toHaveLength(1);
});

test('bars stay where they are in time while the view pans', () => {
  const starts = (from: number): readonly number[] => {
    const span = { from, to: from + 2_000_000 };
    return rowOf(DESTROYED, 'noise #7', { span }).bars.map(
      ({ x }) => Math.round((from + ((x - 220) / 1000) * 2_000_000) / 10) * 10,
    );
  };
  const before = starts(-300_000);
  expect(starts(-300_700)).toEqual(before);
});

test('workers come after the contexts of their page, and live from creation to their end', () => {
  const { scene, session } = sceneOf(teardownSession());
  expect(session.rows.map(({ kind, label }) => `${kind} ${label}`).slice(-2)).toEqual([
    'worker decoder.js #1',
    'worker meters #2',
  ]);
  const { life, thread, waits } = rowIn(scene.rows, 'decoder.js #1');
  expect(thread?.x).toBeGreaterThan(life?.x ?? Number.POSITIVE_INFINITY);
  expect((thread?.x ?? 0) + (thread?.width ?? 0)).toBeCloseTo(
    (life?.x ?? 0) + (life?.width ?? 0),
    3,
  );
  expect(waits).toHaveLength(1);
  expect(rowIn(scene.rows, 'meters #2').thread, 'nothing of it was seen').toBeUndefined();
  expect(rowIn(scene.rows, 'voice #1').visible.depth).toBe(2);
  expect(rowIn(scene.rows, 'decoder.js #1').visible.depth).toBe(1);
});

test('messages of workers are arrows from row to row, those of a node only while it is selected', () => {
  const { scene } = sceneOf(teardownSession());
  const yOf = (label: string) => {
    const { y, visible } = rowIn(scene.rows, label);
    return y + visible.heightPx / 2;
  };
  const page = yOf('studio.example/app/index.html');
  const worker = yOf('decoder.js #1');
  expect(scene.arrows).toHaveLength(6);
  for (const { fromX, fromY, toX, toY, isDown } of scene.arrows.filter(
    ({ isHandled }) => isHandled,
  )) {
    expect(toX).toBeGreaterThanOrEqual(fromX);
    expect(Math.abs(fromY - (isDown ? page : worker))).toBeLessThan(6);
    expect(Math.abs(toY - (isDown ? worker : page))).toBeLessThan(6);
  }
  const selected = sceneOf(teardownSession(), { over: { selectedRow: '0/n1' } });
  expect(selected.scene.arrows).toHaveLength(8);
});

test('the arrow of a message that nobody handled ends between the rows', () => {
  const { scene } = sceneOf(teardownSession());
  const [lost, ...others] = scene.arrows.filter(({ isHandled }) => !isHandled);
  expect(others).toEqual([]);
  expect(lost?.toX).toBe(lost?.fromX);
  const { y } = rowIn(scene.rows, 'decoder.js #1');
  expect(lost?.toY).toBeGreaterThan(lost?.fromY ?? 0);
  expect(lost?.toY).toBeLessThan(y);
});

test('a flood of messages is no tangle of arrows, unless its row is selected and there are not too many', () => {
  const flood = (count: number) =>
    textInputs(
      [
        '0 workerCreated worker=1 name=w',
        '1 @w1 scopeState state=started',
        ...Array.from({ length: count }, (_, i) => [
          `${1000 + i * 10} portSent end=103`,
          `${1005 + i * 10} @w1 portReceived end=1`,
        ]).flat(),
      ].join('\n'),
    );
  const arrows = (count: number, selectedRow?: string) =>
    sceneOf(flood(count), { over: { selectedRow } }).scene.arrows.length;
  expect(arrows(100)).toBe(100);
  expect(arrows(200)).toBe(0);
  expect(arrows(200, '0/w0.1')).toBe(200);
  expect(arrows(500, '0/w0.1')).toBe(0);
});
