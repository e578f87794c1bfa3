import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEFAULT_SETTINGS, MEMORY_LEVELS } from '../../../src/shared/settings.ts';
import {
  launchPageBrowser,
  type ObservedPage,
  type PageBrowser,
} from '../../browser/page/observed-page.ts';
import { printFigure } from '../../support/figure.ts';
import { median, medianRatio } from '../../support/neighbours.ts';
import { PAGES, PROJECT } from '../../support/server.ts';
import { threadCpuMillis } from '../../support/thread-cpu.ts';

const ROUNDS = Number(process.env['LIFELINE_ROUNDS'] ?? 9);
const NODES = 8;
const SECONDS = 20;
/** As Chromium names the thread that renders offline contexts, cut to the kernel's fifteen letters. */
const OFFLINE_THREAD = 'Offline AudioWo';
/** On what recording and heap hooks add to a program with its own allocator, by processor time of neighbours. */
const BAR = 1.05;

const LEVELS = ['bare', ...MEMORY_LEVELS] as const;
type Level = (typeof LEVELS)[number];

const SCENES = [
  { name: 'eight songs', spells: 'nothing', bar: BAR },
  { name: 'eight songs, four strings for each row', spells: 'rows', bar: BAR },
  { name: 'eight songs, four strings for each quantum', spells: 'quanta', bar: undefined },
] as const;

const ENGINE_SCRIPT = '/node_modules/chiptune3/libopenmpt.worklet.js';
const packages = (file: string): string => readFileSync(resolve(PAGES, 'packages', file), 'utf8');

/** What a page does by its functions; as text, because the test runner would make its own of imports. */
const FILES = {
  [ENGINE_SCRIPT]: readFileSync(`${PROJECT}${ENGINE_SCRIPT}`, 'utf8'),
  // A custom section makes it another module, of which the engine has no code from pages before.
  '/openmpt-engine.js': `${packages('openmpt-engine.js').replace('compile(bytes)', 'compile(another(bytes))')}
    function another(bytes) {
      const section = crypto.getRandomValues(new Uint8Array(16));
      section.set([0, 14, 1, 0x61]);
      return new Uint8Array([...bytes, ...section]);
    }`,
  '/openmpt-tracker.js': packages('openmpt-tracker.js'),
  '/tracker-song.js': packages('tracker-song.js'),
  '/probe.js': `
    const now = () => Number(Temporal.Now.instant().epochNanoseconds) / 1e6;
    registerProcessor('probe', class extends AudioWorkletProcessor {
      constructor() {
        super();
        this.longest = 0;
        this.port.onmessage = () => {
          this.port.postMessage(this.longest);
          this.longest = 0;
          this.last = undefined;
        };
      }
      process() {
        const at = now();
        if (at - this.last > this.longest) this.longest = at - this.last;
        this.last = at;
        return true;
      }
    });`,
  '/bench.js': `
    import { openmptEngine } from '/openmpt-engine.js';
    import { trackerSong } from '/tracker-song.js';

    const engine = openmptEngine();
    const heard = (port) => new Promise((resolve) => (port.onmessage = ({ data }) => resolve(data)));

    async function add({ audioWorklet }) {
      const tracker = await (await fetch('/openmpt-tracker.js')).text();
      const blob = new Blob([(await engine).script, tracker], { type: 'text/javascript' });
      await audioWorklet.addModule(URL.createObjectURL(blob));
    }

    async function make(context, spells) {
      const { module } = await engine;
      const processorOptions = { module, song: trackerSong(), spells };
      const node = new AudioWorkletNode(context, 'tracker', { outputChannelCount: [2], processorOptions });
      node.connect(context.destination);
      await heard(node.port);
    }

    let context;
    globalThis.prepare = async ([nodes, seconds, spells]) => {
      context = new OfflineAudioContext(2, 48000 * seconds, 48000);
      await add(context);
      for (let i = 0; i < nodes; i++) await make(context, spells);
    };
    globalThis.render = async () => {
      const rendered = await context.startRendering();
      return rendered.getChannelData(0).reduce((sum, value) => sum + Math.abs(value), 0);
    };

    const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    /** An engine begins in a context that plays: what listeners hear of that. */
    globalThis.startUp = async () => {
      const live = new AudioContext({ sampleRate: 48000 });
      await live.audioWorklet.addModule('/probe.js');
      await add(live);
      const probe = new AudioWorkletNode(live, 'probe');
      probe.connect(live.destination);
      await later(700);
      const before = live.playbackStats?.underrunEvents;
      probe.port.postMessage('');
      await heard(probe.port);
      // Lest the probe's next call comes when the engine has begun.
      await later(100);
      await make(live, 'rows');
      await later(500);
      probe.port.postMessage('');
      const longest = await heard(probe.port);
      await later(500);
      const after = live.playbackStats?.underrunEvents;
      await live.close();
      return { longest, underruns: after - before };
    };
    globalThis.isReady = true;`,
} as const;

interface EngineWindow {
  isReady?: true;
  prepare(what: readonly [nodes: number, seconds: number, spells: string]): Promise<void>;
  render(): Promise<number>;
  startUp(): Promise<StartUp>;
}

interface StartUp {
  /** Milliseconds between two calls of a processor that is there already. */
  readonly longest: number;
  /** NaN where the browser does not tell. */
  readonly underruns: number;
}

let bare: PageBrowser;
let observed: PageBrowser;
const pages = new Map<Level, ObservedPage>();
beforeAll(async () => {
  bare = await launchPageBrowser({ files: FILES, extension: false });
  observed = await launchPageBrowser({ files: FILES });
  for (const level of LEVELS) {
    pages.set(level, await (level === 'bare' ? bare : observed).open('/?isolated'));
  }
});
afterAll(async () => {
  await bare?.close();
  await observed?.close();
});

/** A page anew, since the engine gives back the memories of contexts that are over when it pleases, and has room for a hundred. */
async function freshPage(level: Level): Promise<Page> {
  const opened = pages.get(level);
  if (opened === undefined) throw new Error(`no page for ${level}`);
  if (level !== 'bare') await observed.configure({ ...DEFAULT_SETTINGS, memory: level });
  const { page } = opened;
  await page.reload();
  await page.bringToFront();
  await page.addScriptTag({ type: 'module', url: '/bench.js' });
  await page.waitForFunction(() => (globalThis as unknown as EngineWindow).isReady);
  return page;
}

/** Processor milliseconds of the rendering thread; its wall time where that cannot be told. */
async function renderingMs(level: Level, spells: string): Promise<{ ms: number; sum: number }> {
  const page = await freshPage(level);
  const { profile } = level === 'bare' ? bare : observed;
  await page.bringToFront();
  await page.evaluate((what) => (globalThis as unknown as EngineWindow).prepare(what), [
    NODES,
    SECONDS,
    spells,
  ] as const);
  const before = threadCpuMillis(profile, OFFLINE_THREAD);
  const began = performance.now();
  const sum = await page.evaluate(() => (globalThis as unknown as EngineWindow).render());
  const wall = performance.now() - began;
  const after = threadCpuMillis(profile, OFFLINE_THREAD);
  return { ms: before === undefined || after === undefined ? wall : after - before, sum };
}

test.each(SCENES)(
  'what an engine with a heap of its own costs: $name',
  async ({ name, spells, bar }) => {
    const times = new Map<Level, number[]>(LEVELS.map((level) => [level, []]));
    for (let round = 0; round < ROUNDS; round++) {
      const sums = new Set<number>();
      for (const level of LEVELS) {
        const { ms, sum } = await renderingMs(level, spells);
        times.get(level)?.push(ms);
        sums.add(sum);
      }
      expect(sums.size).toBe(1);
    }
    const of = (level: Level): readonly number[] => times.get(level) ?? [];
    const print = (level: Level, against: Level): void => {
      const ratio = medianRatio(of(level), of(against));
      printFigure({
        figure: `libopenmpt, ${name}: ${level} against ${against}, processor time of neighbours (least: ${(Math.min(...of(level)) / Math.min(...of(against))).toFixed(2)})`,
        value: median(of(level)),
        baseline: median(of(against)),
        ratio,
        unit: 'ms',
        ...(bar === undefined || level === 'full' ? {} : { bar: `ratio <= ${bar}` }),
      });
    };
    print('ledger', 'bare');
    print('heap', 'bare');
    print('heap', 'ledger');
    print('full', 'bare');
    print('full', 'ledger');
  },
  1_200_000,
);

test('an engine of 1.2 MB begins beside what plays', async () => {
  const seen = new Map<Level, StartUp[]>(LEVELS.map((level) => [level, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const level of LEVELS) {
      const page = await freshPage(level);
      const begun = await page.evaluate(() => (globalThis as unknown as EngineWindow).startUp());
      seen.get(level)?.push(begun);
    }
  }
  const of = (level: Level, what: keyof StartUp): readonly number[] =>
    (seen.get(level) ?? []).map((each) => each[what]);
  const total = (level: Level): number =>
    of(level, 'underruns').reduce((sum, each) => sum + each, 0);
  for (const level of LEVELS) {
    printFigure({
      figure: `start-up of libopenmpt beside what plays, ${level}: longest pause of rendering`,
      value: median(of(level, 'longest')),
      baseline: median(of('bare', 'longest')),
      unit: 'ms',
    });
    printFigure({
      figure: `start-up of libopenmpt beside what plays, ${level}: underruns in ${ROUNDS} starts`,
      value: total(level),
      baseline: total('bare'),
      unit: 'underruns',
      bar: 'value <= baseline',
    });
  }
}, 1_200_000);
