import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { DocumentFacts } from '../../../src/analysis/model.ts';
import type { Session } from '../../../src/analysis/session.ts';
import * as LIMITS from '../../../src/shared/limits.ts';
import { RecordWriter } from '../../../src/shared/record-codec.ts';
import type { FieldsOf, RecordName } from '../../../src/shared/records.ts';
import type { ContextId, Frames, NodeId, Ordinal } from '../../../src/shared/units.ts';
import { readSession } from '../../support/panel-session.ts';
import {
  clear,
  type HostileBrowser,
  noticesOf,
  openHostileBrowser,
  refusedIn,
  slowestAnswer,
} from './hostile-browser.ts';

/** A panel that answers nothing for so long is stuck, on however slow a machine. */
const STUCK_MS = 15_000;

let hostile: HostileBrowser;
let reached: Reached;

interface Reached {
  readonly [name: string]: unknown;
  /** Of forged hand-shakes. */
  readonly answers: number;
  readonly said: number;
  /** Whether our script was there when the parent first could look. */
  readonly there: { readonly [frame: string]: boolean };
  /** Ports stolen from a frame of the same origin. */
  readonly ports: number;
}

beforeAll(async () => {
  hostile = await openHostileBrowser();
});
afterAll(() => hostile?.[Symbol.asyncDispose]());
beforeEach(async () => {
  await clear(hostile.panel);
  reached = await hostile.attack<Reached>('channels.html');
});

const inPage = <T>(code: string): Promise<T> => hostile.page.evaluate<T>(code);
const callsIn = ({ nodes }: DocumentFacts): readonly number[] =>
  [...nodes.values()].map(({ calls }) => calls.length);
/** The newest documents of the page and of its frame. */
const newest = ({ documents }: Session): { top: DocumentFacts; victim: DocumentFacts } => {
  const top = documents.findLast(({ url }) => url.endsWith('/channels.html'));
  const victim = documents.findLast(({ url }) => url.endsWith('/empty.html'));
  if (!top || !victim) throw new Error('the panel knows no such documents');
  return { top, victim };
};

test('answers no hand-shake that a page forges, and hears nothing over ports of its own', async () => {
  expect(reached).toMatchObject({ answers: 0, said: 0 });
  expect(reached.there).toEqual({
    blank: true,
    'blank, written': true,
    about: true,
    'about, written': true,
    srcdoc: false,
    'srcdoc, written': true,
  });
  expect(await noticesOf(hostile.panel)).toEqual([]);
  expect(await refusedIn(hostile.panel)).toBe(0);
});

test('refuses and counts nonsense on a stolen port, and goes on recording', async () => {
  const { panel } = hostile;
  expect(reached.ports).toBe(1);
  await inPage('render(window, 300).then(() => render(victim, 200))');
  await readSession(panel);
  const before = await refusedIn(panel);
  const said = await inPage<number>('sayNonsense()');
  await expect.poll(() => refusedIn(panel)).toBe(before + said);
  await inPage('render(victim, 100).then(() => render(window, 50))');
  const session = await readSession(panel);
  const { top, victim } = newest(session);
  expect(callsIn(top)).toEqual([300, 50]);
  expect(callsIn(victim)).toEqual([200, 100]);
  expect(top).toMatchObject({ incomplete: false, coverage: [] });
  expect(victim.incomplete).toBe(true);
  expect(victim.coverage.join()).toContain('refused');
});

test('tells of no more than so many faults, and only as text', async () => {
  const { panel } = hostile;
  await inPage(`say(Array.from({ length: 500 }, (_, i) => (
    { kind: 'fault', message: '<img src=x onerror=globalThis.pwned=1>'.repeat(9999) + i })))`);
  await expect.poll(() => refusedIn(panel)).toBeGreaterThanOrEqual(500 - LIMITS.faults);
  const notices = await noticesOf(panel);
  expect(notices.length).toBeGreaterThan(0);
  expect(notices.length).toBeLessThanOrEqual(3);
  for (const notice of notices) expect(notice.length).toBeLessThan(1000);
  expect(await panel.evaluate('document.querySelectorAll("img").length')).toBe(0);
  expect(await panel.evaluate('globalThis.pwned')).toBeUndefined();
});

test('tells a page nothing of the other origins that are recorded', async () => {
  const { panel } = hostile;
  const store = (origins: readonly string[]) =>
    panel.evaluate(
      `chrome.storage.local.set({ settings: { recording: true, fineClock: false, origins: ${JSON.stringify(origins)} } })`,
    );
  const configured = () =>
    inPage<readonly object[]>(
      'commands.filter(({ kind }) => kind === "configure").map(({ settings }) => settings)',
    );
  const before = (await configured()).length;
  await store(['https://secret.example']);
  await expect.poll(async () => (await configured()).length).toBeGreaterThan(before);
  expect((await configured()).at(-1)).toEqual({
    recording: false,
    fineClock: false,
    origins: [],
    stress: 0,
    memory: 'ledger',
    quarantine: 16,
  });
  await store([]);
  await expect
    .poll(async () => (await configured()).at(-1))
    .toEqual({
      recording: true,
      fineClock: false,
      origins: [],
      stress: 0,
      memory: 'ledger',
      quarantine: 16,
    });
});

test('keeps the panel awake under a flood of messages, and counts them', async () => {
  const { panel } = hostile;
  await inPage('render(victim, 10)');
  await readSession(panel);
  const before = await refusedIn(panel);
  const flood = inPage(`say((function* () {
    for (let i = 0; i < 1_000_000; i++) yield { kind: 'flushed', id: i };
  })())`);
  const slowest = await slowestAnswer(panel, flood);
  await expect.poll(() => refusedIn(panel), { timeout: 15_000 }).toBe(before + 1_000_000);
  expect(slowest).toBeLessThan(STUCK_MS);
  await inPage('render(window, 10)');
  expect(callsIn(newest(await readSession(panel)).top)).toEqual([10]);
});

test('keeps the panel awake when a page forges a hundred thousand wrong nodes', async () => {
  const { panel } = hostile;
  const chunks = forgedNodes(100_000).map((bytes) => Buffer.from(bytes).toString('base64'));
  await inPage('render(window, 10)');
  const flood = inPage(`sayChunks(${JSON.stringify(chunks)}, 0, 'records')`);
  const slowest = await slowestAnswer(
    panel,
    flood.then(() => panel.evaluate('lifelinePanel.idle()')),
  );
  expect(slowest).toBeLessThan(STUCK_MS);
  const { victim, top } = newest(await readSession(panel));
  expect(victim.nodes.size).toBe(LIMITS.processors);
  expect(callsIn(top)).toEqual([10]);
  const rows = await panel.evaluate<number>(
    `document.querySelectorAll('#finding-list [role=option]').length`,
  );
  expect(rows).toBeGreaterThan(0);
  expect(rows).toBeLessThanOrEqual(500);
  const coverage = await panel.evaluate<string>(
    `document.querySelector('footer.status .coverage').textContent`,
  );
  expect(coverage).toMatch(/\d+ findings are not shown here/);
  expect(coverage).toMatch(/\d+ lifelines are not shown here/);
});

/** Records of one context and `count` nodes, each of them destroyed twice. */
function forgedNodes(count: number): readonly Uint8Array[] {
  const writer = new RecordWriter();
  const chunks: Uint8Array[] = [];
  let at = 0;
  const write = <N extends RecordName>(name: N, fields: FieldsOf<N>): void => {
    writer.write(name, 0, ++at, fields);
    if (writer.byteLength > LIMITS.chunkBytes / 2) chunks.push(writer.take());
  };
  const context = 1 as ContextId;
  const frame = 0 as Frames;
  write('contextCreated', {
    context,
    kind: 'realtime',
    state: 'running',
    sampleRate: 48_000,
    length: frame,
    quantumFrames: 128 as Frames,
    stack: '',
  });
  for (let i = 0; i < count; i++) {
    const node = (i + 1) as NodeId;
    write('nodeCreated', {
      context,
      node,
      ordinal: i as Ordinal,
      processorName: '<b>x</b>',
      className: 'AudioWorkletNode',
      numberOfInputs: 1,
      numberOfOutputs: 1,
      emscripten: 'no',
      userData: 0,
      callback: 0,
      memory: 'none',
      options: '',
      frame,
      stack: '',
    });
    for (let k = 0; k < 2; k++) write('declaredDestroyed', { node, frame, stack: '' });
  }
  if (writer.count > 0) chunks.push(writer.take());
  return chunks;
}
