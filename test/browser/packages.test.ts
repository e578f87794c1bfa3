import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { judge } from '../../src/analysis/judge.ts';
import type { NodeFacts } from '../../src/analysis/model.ts';
import type { Session } from '../../src/analysis/session.ts';
import { encodeTrace } from '../../src/export/perfetto/trace.ts';
import { launchBrowser, type TestBrowser } from '../support/browser.ts';
import { checkTrace, expectedTrace } from '../support/check-trace.ts';
import { Gate } from '../support/gate.ts';
import { type Visit, Visitors, visitBare } from '../support/visit.ts';
import { asDeclared, byRule, type Exhibit, exhibitsOf, pagesOf } from '../support/zoo.ts';

const PACKAGES = pagesOf('packages').flatMap(exhibitsOf);
const hasModules = (exhibit: Exhibit): boolean =>
  exhibit.isolated && madeBy(exhibit)?.blocks !== undefined;

/** The processors that each page makes in real time, by name or class, and what is called offline how often. */
const MADE: { readonly [page: string]: Made } = {
  chiptune3: {
    realtime: ['libopenmpt-processor'],
    offline: { 'libopenmpt-processor': 192 },
    memory: 'none',
    blocks: 400,
    isEndless: true,
  },
  faustwasm: {
    realtime: ['FaustMonoAudioWorkletNode'],
    offline: { FaustMonoAudioWorkletNode: 64 },
    memory: 'wasm',
    blocks: 0,
  },
  libopenmpt: {
    realtime: ['tracker'],
    offline: { tracker: 192 },
    memory: 'wasm',
    blocks: 192 * 4,
  },
  'noise-suppressor': {
    realtime: ['RnnoiseWorkletNode', 'SpeexWorkletNode'],
    offline: { RnnoiseWorkletNode: 192, SpeexWorkletNode: 192 },
    memory: 'wasm',
    blocks: 0,
    isEndless: true,
  },
  ringbuf: { realtime: ['player'], offline: { player: 64 }, memory: 'shared' },
  rubberband: {
    realtime: ['pitch-shifter'],
    offline: { 'pitch-shifter': 192 },
    memory: 'wasm',
    blocks: 1000,
  },
  signalsmith: {
    realtime: ['signalsmith-stretch'],
    offline: { 'signalsmith-stretch': 192 },
    memory: 'none',
    blocks: 1,
    isEndless: true,
  },
  superdough: {
    realtime: ['coarse-processor', 'crush-processor', 'pulse-oscillator', 'supersaw-oscillator'],
    offline: {}, // its voices end when the page hears of it, which rendering does not wait for
    memory: 'none',
  },
  tone: { realtime: ['bit-crusher'], offline: { 'bit-crusher': 69 }, memory: 'none' },
};

type BareVisit = Pick<Visit, 'page' | 'complaints'>;

interface Made {
  readonly realtime: readonly string[];
  readonly offline: { readonly [name: string]: number };
  readonly memory: NodeFacts['memory'];
  /** Of those with WebAssembly: blocks that some heap hands out and gets back at least. */
  readonly blocks?: number;
  /** Its processors cannot be ended, whatever it says. */
  readonly isEndless?: true;
}

const BROWSERS = 2;

let visitors: Visitors;
let bare: TestBrowser;
/** Without the extension one page after the other is loaded. */
const bareTurn = new Gate(1);
const bareVisits = new Map<string, Promise<BareVisit>>();
beforeAll(async () => {
  visitors = await Visitors.open(BROWSERS);
  bare = await launchBrowser({ extension: false });
});
afterAll(async () => {
  await visitors?.[Symbol.asyncDispose]();
  await bare?.close();
});

describe.concurrent('a published package', () => {
  test.each(PACKAGES)('behaves and sounds as without the extension: $path', async (exhibit) => {
    const seen = await visitors.visit(exhibit.path, false);
    expectAlike(seen, await bareOf(exhibit), exhibit);
    const told = judge(seen.session);
    checkTrace(encodeTrace(seen.session, told), expectedTrace(seen.session.documents, told));
  });

  test.each(PACKAGES.filter(hasModules))(
    'does so with heap hooks in its modules: $path',
    async (exhibit) => {
      const seen = await visitors.visit(exhibit.path, false, 'heap');
      expectAlike(seen, await bareOf(exhibit), exhibit);
      expectBlocks(seen.session, madeBy(exhibit));
    },
  );
});

/** The page without the extension: it is visited once. */
function bareOf({ path }: Exhibit): Promise<BareVisit> {
  const visit = (): Promise<BareVisit> => visitBare(bare, `${visitors.origin}/${path}`);
  const known = bareVisits.get(path) ?? bareTurn.run(visit);
  bareVisits.set(path, known);
  return known;
}

function madeBy({ path }: Exhibit): Made | undefined {
  return MADE[/([\w-]+)\.html/.exec(path)?.[1] ?? ''];
}

function expectAlike(seen: Visit, plain: BareVisit, exhibit: Exhibit): void {
  const { isolated, findings } = exhibit;
  expect(seen.page).toMatchObject({ state: 'done', isolated });
  expect(seen.page).toEqual(plain.page);
  expect(Math.max(...(seen.page.rendered ?? []))).toBeGreaterThan(0.01);
  expect(seen.complaints).toEqual(plain.complaints);
  expect(seen.alerts).toEqual([]);

  expect(asDeclared(seen.findings, findings)).toEqual([...findings].sort(byRule));
  expect(seen.judged).toEqual(seen.findings);
  expect(seen.session.totals).toMatchObject({ lost: 0, dropped: 0 });
  expectNodes(seen.session, madeBy(exhibit));
}

describe.concurrent('a published package whose WebAssembly is checked', () => {
  test.each(PACKAGES.filter(hasModules))(
    'sounds as it does, and nothing is found: $path',
    async (exhibit) => {
      const { path, findings } = exhibit;
      const seen = await visitors.visit(path, false, 'full');
      const plain = await bareOf(exhibit);
      expect(seen.page).toEqual(plain.page);
      expect(seen.complaints).toEqual(plain.complaints);
      expect(seen.alerts).toEqual([]);
      expect(asDeclared(seen.findings, findings)).toEqual([...findings].sort(byRule));
      for (const { touches } of seen.session.documents) expect([...touches.values()]).toEqual([]);
      expectBlocks(seen.session, madeBy(exhibit));
    },
  );
});

function expectBlocks({ documents }: Session, made: Made | undefined): void {
  const heaps = documents.flatMap(({ heapCounts }) => [...heapCounts.values()]);
  const freed = heaps.map(({ counts }) => counts.at(-1)?.freed ?? 0);
  expect(Math.max(0, ...freed)).toBeGreaterThanOrEqual(made?.blocks ?? 0);
}

/** Each package makes its nodes twice, and each of those ends by answering `false`. */
function expectNodes({ documents }: Session, made: Made | undefined): void {
  const nodes = documents.flatMap((each) => [...each.nodes.values()]);
  const realtime = nodes.filter(({ context }) => context.kind === 'realtime');
  const names = new Set(realtime.map(nameOf));
  expect([...names].sort()).toEqual(made?.realtime);
  expect(realtime.length).toBeGreaterThan(names.size);
  for (const node of realtime) {
    expect(node.memory).toBe(made?.memory);
    expect(node.calls.length).toBeGreaterThan(10);
    const endless = node.calls.trailingFalse === 0;
    expect(endless, `last answers of ${node.processorName}`).toBe(made?.isEndless ?? false);
  }
  for (const [name, calls] of Object.entries(made?.offline ?? {})) {
    const rendered = nodes.filter(
      (each) => each.context.kind === 'offline' && nameOf(each) === name,
    );
    expect(rendered.map((each) => each.calls.length)).toEqual([calls]);
  }
}

/** A class of the package's own says more than a processor name made of a hash. */
function nameOf({ className, processorName }: NodeFacts): string {
  return className === 'AudioWorkletNode' ? processorName : className;
}
