import { expect, test } from 'vitest';
import type { SessionInput } from '../../../src/analysis/session-input.ts';
import { encodeSessionFile } from '../../../src/export/session-file.ts';
import { PanelBench } from '../../support/panel-bench.ts';
import { studioSession } from '../../support/studio-session.ts';
import { textInputs } from '../../support/text-records.ts';

const BUG = `
  0       nodeCreated       node=7 memory=wasm
  20000   process           node=7 times=30
  110000  declaredDestroyed node=7
  112000  process           node=7 times=5
`;

function split(text: string): readonly (readonly SessionInput[])[] {
  return textInputs(text).map((input) => [input]);
}

test('a finding is sent as soon as its facts have come', () => {
  const bench = new PanelBench();
  bench.ingest(textInputs(BUG));
  bench.pass(1);
  expect(bench.session.findings.map(({ rule }) => rule)).toContain('process-after-destroy');
});

test('while facts keep coming it judges every 100 ms, not every time', () => {
  const bench = new PanelBench();
  const [hello, ...chunks] = split(BUG);
  bench.ingest(hello ?? []);
  for (let ms = 0; ms < 1000; ms += 5) {
    bench.ingest(chunks[(ms / 5) % chunks.length] ?? []);
    bench.pass(5);
  }
  expect(bench.sessions.length).toBeGreaterThanOrEqual(9);
  expect(bench.sessions.length).toBeLessThanOrEqual(12);
});

test('nothing is sent when nothing came', () => {
  const bench = new PanelBench();
  bench.ingest(textInputs(BUG));
  bench.pass(500);
  const before = bench.sent.length;
  bench.pass(60_000);
  expect(bench.sent.length).toBe(before);
});

test('settle answers once the session is sent', () => {
  const bench = new PanelBench();
  bench.ingest(textInputs(BUG));
  bench.ask({ ask: 'settle' });
  expect(bench.sent.map(({ kind }) => kind)).toEqual(['session', 'answer']);
});

test('geometry follows a view at once, and again when facts come', () => {
  const bench = new PanelBench();
  bench.ingest(textInputs(BUG));
  bench.pass(1);
  const rows = bench.session.rows.map(({ key }) => key);
  bench.host.receive({
    kind: 'look',
    view: { id: 3, from: 0, to: 2e5, pxMicros: 200, rows, focus: undefined },
  });
  expect(bench.geometries).toHaveLength(1);
  expect(bench.geometries[0]?.rows.map(({ key }) => key)).toEqual(rows);
  bench.ingest(textInputs(BUG, { document: 'another' }));
  bench.pass(200);
  expect(bench.geometries.at(-1)?.view.id).toBe(3);
  expect(bench.geometries.length).toBeGreaterThan(1);
});

test('every buffer of a geometry is transferred, and each one once', () => {
  const bench = new PanelBench();
  bench.ingest(studioSession());
  bench.pass(1);
  const rows = bench.session.rows.map(({ key }) => key);
  bench.host.receive({
    kind: 'look',
    view: { id: 1, from: 0, to: 6e6, pxMicros: 6000, rows, focus: undefined },
  });
  const at = bench.sent.findIndex(({ kind }) => kind === 'geometry');
  const transfer = bench.transfers[at] ?? [];
  expect(transfer.length).toBeGreaterThan(rows.length * 3);
  expect(new Set(transfer).size).toBe(transfer.length);
});

test('an opened file stands in front of the live session until it is closed', () => {
  const bench = new PanelBench();
  bench.ingest(textInputs('0 nodeCreated node=7\n5000 process node=7 times=9'));
  bench.pass(1);
  const bytes = encodeSessionFile(studioSession());
  bench.ask({ ask: 'open', name: 'studio.lifeline', bytes });
  expect(bench.session).toMatchObject({ file: 'studio.lifeline', contexts: 3, nodes: 6 });
  bench.host.receive({ kind: 'close-file' });
  expect(bench.session).toMatchObject({ file: undefined, contexts: 1, nodes: 1, calls: 9 });
});

test('a bad file is refused with a reason and changes nothing', () => {
  const bench = new PanelBench();
  bench.ingest(textInputs(BUG));
  bench.pass(1);
  const before = bench.session;
  const good = encodeSessionFile(studioSession());
  for (const bytes of [new Uint8Array(0), new Uint8Array([1, 2, 3]), good.slice(0, 999)]) {
    expect(() => bench.ask({ ask: 'open', name: 'x', bytes })).toThrow(/./);
  }
  bench.ask({ ask: 'settle' });
  expect(bench.session).toEqual(before);
});

test('clearing forgets calls, findings and pages that are gone, but not who lives', () => {
  const bench = new PanelBench();
  const [hello, ...chunks] = textInputs(
    `${BUG}\n190000 connected source=7 target=9\n200000 process node=7 times=5`,
  );
  bench.ingest(hello === undefined ? [] : [hello, ...chunks.slice(0, -1)]);
  bench.ingest([...textInputs(BUG, { document: 'old' }), { kind: 'gone', document: 'old' }]);
  bench.host.receive({ kind: 'clear', leaving: false });
  expect(bench.session).toMatchObject({ documents: 1, nodes: 1, calls: 0, findings: [] });
  expect(bench.session.since).toBeGreaterThan(0);
  expect(bench.session.coverage).toHaveLength(1);
  bench.ingest(chunks.slice(-1));
  bench.ask({ ask: 'settle' });
  expect(bench.session.calls).toBe(5);
  expect(bench.session.findings.map(({ rule }) => rule)).toContain('process-after-destroy');
});

test('a page that is left behind by a reload is forgotten once it is gone', () => {
  const bench = new PanelBench();
  bench.ingest(textInputs(BUG));
  bench.host.receive({ kind: 'clear', leaving: true });
  bench.ingest([{ kind: 'gone', document: 'doc' }, ...textInputs(BUG, { document: 'new' })]);
  bench.ask({ ask: 'settle' });
  expect(bench.session).toMatchObject({ documents: 1, nodes: 1, calls: 35, refused: 0 });
});

test('what cannot be read is counted and reported once', () => {
  const bench = new PanelBench();
  const chunk = { number: 1, thread: 0, form: 'records' as const, bytes: new Uint8Array([255]) };
  bench.ingest(textInputs('0 nodeCreated node=7').slice(0, 1));
  for (const number of [1, 2, 3]) {
    bench.ingest([{ kind: 'chunk', document: 'doc', chunk: { ...chunk, number } }]);
  }
  bench.pass(1);
  expect(bench.sent.filter(({ kind }) => kind === 'fault')).toHaveLength(1);
  expect(bench.session.refused).toBe(3);
});

test('hovering a single call tells its frame, duration, return value and order', () => {
  const bench = new PanelBench();
  bench.ingest(
    textInputs('0 nodeCreated node=7\n20000 process node=7 frame=960 seq=8..9 duration=120'),
  );
  bench.pass(1);
  const probe = bench.ask({ ask: 'probe', row: '0/n7', at: 20_050, reach: 20 });
  expect(probe?.title).toBe('process() call 1 of 1');
  expect(Object.fromEntries(probe?.lines.map(({ label, value }) => [label, value]) ?? [])).toEqual({
    at: '0.020\u202f000 s',
    frame: '960',
    duration: '120 µs',
    returned: 'true',
    order: '8 → 9',
  });
});

test('hovering a crowd of calls tells how many there are, and nothing where there are none', () => {
  const bench = new PanelBench();
  bench.ingest(textInputs('0 nodeCreated node=7\n20000 process node=7 times=100'));
  bench.pass(1);
  const probe = bench.ask({ ask: 'probe', row: '0/n7', at: 100_000, reach: 10_000 });
  expect(probe?.title).toMatch(/^\d process\(\) calls$/);
  expect(bench.ask({ ask: 'probe', row: '0/n7', at: 900_000, reach: 10_000 })).toBeUndefined();
  expect(bench.ask({ ask: 'probe', row: '9/n9', at: 0, reach: 10 })).toBeUndefined();
});

test('the detail of a node tells its options, messages, wires, farewells and why it lives', () => {
  const bench = new PanelBench();
  bench.ingest(studioSession());
  bench.pass(1);
  const detail = bench.ask({ ask: 'detail', entity: '0/n1' });
  expect(detail?.facts).toContainEqual({ label: 'Memory', value: 'WebAssembly' });
  expect(detail?.liveness.join(' ')).toContain('returned true');
  const what = detail?.events.map((event) => event.what).join('\n');
  expect(what).toContain('created');
  expect(what).toContain('connected → GainNode #90');
  expect(what).toContain('destroyed, as the page declared');
  expect(detail?.stacks.map(({ role }) => role)).toEqual(['create', 'destroy', 'destroy']);
});

test('times of frames and of a page loaded later lie on one line', () => {
  const bench = new PanelBench();
  bench.ingest(textInputs(BUG));
  bench.ingest(
    textInputs(BUG, { document: 'later', timeOrigin: 1.7e15 + 5e6, url: 'https://later.test/' }),
  );
  bench.pass(200);
  const [first, second] = bench.session.findings.filter(
    ({ rule }) => rule === 'process-after-destroy',
  );
  expect(second?.firstAt).toBeCloseTo((first?.firstAt ?? 0) + 5e6, -1);
  const born = (key: string) => bench.session.rows.find((row) => row.key === key)?.born;
  expect(born('1/n7')).toBe(5e6);
});
