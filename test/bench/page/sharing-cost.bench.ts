import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchPageBrowser, type PageBrowser } from '../../browser/page/observed-page.ts';
import { printFigure } from '../../support/figure.ts';
import { threadCpuMillis } from '../../support/thread-cpu.ts';

const ROUNDS = 5;
/** Of short rounds: what the machine does besides changes slowly, so neighbours in time are compared. */
const SHORT_ROUNDS = 30;
/** As the kernel names the threads of a renderer; the main one has the name of the program. */
const PAGE_THREADS = ['chrom', 'DedicatedWorker'] as const;
const OFFLINE_THREADS = ['Offline AudioWo'] as const;

/** Operations as a ring buffer and a lock make them: four cells, seldom one twice in a row. */
const OPERATIONS = `
  function operate(cells, count) {
    for (let i = 0; i < count; i += 8) {
      const head = Atomics.load(cells, 0);
      Atomics.load(cells, 1);
      Atomics.store(cells, 0, head + 1);
      Atomics.add(cells, 2, 1);
      if (Atomics.compareExchange(cells, 3, 0, 1) === 0) Atomics.store(cells, 3, 0);
      Atomics.load(cells, 2);
      Atomics.load(cells, 1);
    }
  }
  /** A thousand operations each millisecond; gives how many there were. */
  function operateFor(cells, seconds) {
    return new Promise((done) => {
      const began = performance.now();
      let made = 0;
      const more = () => {
        const passed = performance.now() - began;
        const due = Math.floor(passed) * 1000;
        if (due > made) operate(cells, due - made);
        made = Math.max(due, made);
        if (passed < seconds * 1000) setTimeout(more, 1);
        else done(made);
      };
      more();
    });
  }
`;

const WORKER = `
  ${OPERATIONS}
  let cells;
  let sent = 0;
  let flow = 0;
  onmessage = async ({ data }) => {
    if (data.cells) cells = data.cells;
    else if (data.operate) postMessage({ operated: await operateFor(cells, data.operate) });
    else if (data.flow) {
      flow = setInterval(() => {
        for (let i = 0; i < 100; i++) postMessage({ n: sent++, text: 'from the worker' });
      }, 10);
    } else if (data.stop) clearInterval(flow);
    else if (data.ping !== undefined) postMessage({ pong: data.ping });
  };
  postMessage({ ready: true });
`;

const PROCESSORS = `
  registerProcessor('no-op', class extends AudioWorkletProcessor {
    process() { return true; }
  });
  registerProcessor('ring', class extends AudioWorkletProcessor {
    constructor({ processorOptions: { cells } }) {
      super();
      this.cells = cells;
    }
    process([input], [output]) {
      const { cells } = this;
      if (Atomics.load(cells, 0) !== 0) return false;
      const head = Atomics.load(cells, 1);
      for (const channel of output) for (let i = 0; i < channel.length; i++) channel[i] = head * 1e-9;
      Atomics.store(cells, 2, head);
      Atomics.add(cells, 3, 1);
      return true;
    }
  });
`;

interface BenchWindow {
  worker: Worker;
  cells: Int32Array;
  context: OfflineAudioContext;
  operateFor(cells: Int32Array, seconds: number): Promise<number>;
}

let bare: PageBrowser;
let browser: PageBrowser;
beforeAll(async () => {
  const files = {
    '/worker.js': WORKER,
    '/operations.js': OPERATIONS,
    '/processors.js': PROCESSORS,
  };
  bare = await launchPageBrowser({ files, extension: false });
  browser = await launchPageBrowser({ files });
});
afterAll(async () => {
  await browser?.close();
  await bare?.close();
});

/** A page with a worklet node, so that it is recorded, and a worker that shares memory with it. */
async function prepare(page: Page): Promise<void> {
  await page.addScriptTag({ url: '/operations.js' });
  await page.evaluate(async () => {
    const self = globalThis as unknown as BenchWindow;
    const context = new OfflineAudioContext(1, 128, 48_000);
    await context.audioWorklet.addModule('/processors.js');
    new AudioWorkletNode(context, 'no-op');
    self.cells = new Int32Array(new SharedArrayBuffer(64));
    self.worker = new Worker('/worker.js');
    await new Promise((ready) => {
      self.worker.onmessage = ready;
    });
    self.worker.postMessage({ cells: self.cells });
    // What the engine optimises is optimised, and what is loaded late is there.
    await new Promise((done) => setTimeout(done, 500));
  });
}

/** Ten thousand messages a second each way. */
async function exchange(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const { worker } = globalThis as unknown as BenchWindow;
    let heard = 0;
    worker.onmessage = ({ data }) => {
      if (data.n >= 0) heard++;
    };
    let sent = 0;
    worker.postMessage({ flow: true });
    const flow = setInterval(() => {
      for (let i = 0; i < 100; i++) worker.postMessage({ n: sent++, text: 'from the page' });
    }, 10);
    await new Promise((done) => setTimeout(done, 700));
    clearInterval(flow);
    worker.postMessage({ stop: true });
    await new Promise((done) => setTimeout(done, 50));
    return heard;
  });
}

/** As many round trips as there can be, a hundred under way; gives how many. */
async function pingPong(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const { worker } = globalThis as unknown as BenchWindow;
    let trips = 0;
    let open = true;
    worker.onmessage = () => {
      trips++;
      if (open) worker.postMessage({ ping: trips });
    };
    for (let i = 0; i < 100; i++) worker.postMessage({ ping: i });
    await new Promise((done) => setTimeout(done, 500));
    open = false;
    await new Promise((done) => setTimeout(done, 50));
    return trips;
  });
}

async function operateInWorker(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const { worker } = globalThis as unknown as BenchWindow;
    worker.postMessage({ operate: 4 });
    return new Promise<number>((done) => {
      worker.onmessage = ({ data }) => done(data.operated);
    });
  });
}

async function operateInPage(page: Page): Promise<number> {
  return page.evaluate(() => {
    const { operateFor, cells } = globalThis as unknown as BenchWindow;
    return operateFor(cells, 4);
  });
}

async function render(page: Page): Promise<number> {
  await page.evaluate(async () => {
    const self = globalThis as unknown as BenchWindow;
    const context = new OfflineAudioContext(1, 48_000 * 20, 48_000);
    await context.audioWorklet.addModule('/processors.js');
    for (let i = 0; i < 50; i++) {
      const cells = new Int32Array(new SharedArrayBuffer(16));
      const node = new AudioWorkletNode(context, 'ring', { processorOptions: { cells } });
      node.connect(context.destination);
    }
    self.context = context;
  });
  return 1;
}

interface Measured {
  /** Milliseconds of processor time. */
  readonly cpu: number;
  readonly amount: number;
}

async function measure(
  where: PageBrowser,
  threads: readonly string[],
  run: () => Promise<number>,
): Promise<Measured> {
  const spent = (): number =>
    threads.reduce(
      (sum, name) => sum + (threadCpuMillis(where.profile, name, '--type=renderer') ?? 0),
      0,
    );
  const before = spent();
  const amount = await run();
  return { cpu: spent() - before, amount };
}

/** The least of each side, which the machine disturbed least. */
function least(all: readonly Measured[]): number {
  return Math.min(...all.map(({ cpu, amount }) => cpu / amount));
}

function median(all: readonly number[]): number {
  const sorted = [...all].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

/** Of the ratios of neighbours in time. */
function medianRatio(values: readonly number[], baselines: readonly number[]): number {
  return median(values.map((value, i) => value / (baselines[i] ?? 0)));
}

/** Both browsers in turns. */
async function compare(
  threads: readonly string[],
  run: (page: Page) => Promise<number>,
  ready: (page: Page) => Promise<unknown> = prepare,
  rounds = ROUNDS,
): Promise<{ readonly observed: readonly Measured[]; readonly native: readonly Measured[] }> {
  const without = await bare.open('/?isolated');
  const observed = await browser.open('/?isolated');
  // The processes of pages that were closed before are not to end while we count.
  await new Promise((done) => setTimeout(done, 2000));
  const out: { observed: Measured[]; native: Measured[] } = { observed: [], native: [] };
  try {
    if (ready === prepare) {
      await prepare(without.page);
      await prepare(observed.page);
    }
    for (let round = 0; round < rounds; round++) {
      if (ready !== prepare) await ready(without.page);
      out.native.push(await measure(bare, threads, () => run(without.page)));
      if (ready !== prepare) await ready(observed.page);
      out.observed.push(await measure(browser, threads, () => run(observed.page)));
    }
    return out;
  } finally {
    await without.close();
    await observed.close();
  }
}

const MESSAGES_BAR = 1.15;

test('10 000 messages a second each way between a page and a worker cost little', async () => {
  const { observed, native } = await compare(PAGE_THREADS, exchange, prepare, SHORT_ROUNDS);
  const cost = ({ cpu, amount }: Measured): number => (cpu / amount) * 1000;
  const ratio = medianRatio(observed.map(cost), native.map(cost));
  printFigure({
    figure: '10 000 messages/s each way, processor time a message',
    value: median(observed.map(cost)),
    unit: 'µs',
    baseline: median(native.map(cost)),
    ratio,
    bar: `ratio <= ${MESSAGES_BAR}`,
  });
  expect(ratio).toBeLessThanOrEqual(MESSAGES_BAR);
});

test('messages go through about as fast as without', async () => {
  const { observed, native } = await compare(PAGE_THREADS, pingPong, prepare, SHORT_ROUNDS);
  const perSecond = ({ amount }: Measured): number => amount / 0.5;
  const ratio = medianRatio(native.map(perSecond), observed.map(perSecond));
  printFigure({
    figure: 'round trips of messages between a page and a worker',
    value: median(observed.map(perSecond)),
    unit: '1/s',
    baseline: median(native.map(perSecond)),
    ratio,
    bar: `ratio <= ${MESSAGES_BAR}`,
  });
  expect(ratio).toBeLessThanOrEqual(MESSAGES_BAR);
});

for (const { where, run } of [
  { where: 'a worker', run: operateInWorker },
  { where: 'the page', run: operateInPage },
]) {
  test(`a million atomic operations a second in ${where}`, async () => {
    const { observed, native } = await compare(PAGE_THREADS, run);
    const nanos = 1e6;
    const value = least(observed) * nanos;
    const baseline = least(native) * nanos;
    printFigure({
      figure: `1 000 000 atomic operations/s in ${where}, processor time an operation`,
      value,
      unit: 'ns',
      baseline,
      ratio: value / baseline,
    });
    expect(value).toBeGreaterThan(0);
  });
}

test('50 processors that do four atomic operations a call', async () => {
  const startRendering = (page: Page): Promise<number> =>
    page.evaluate(async () => {
      await (globalThis as unknown as BenchWindow).context.startRendering();
      return 1;
    });
  const { observed, native } = await compare(OFFLINE_THREADS, startRendering, render);
  const value = least(observed);
  const baseline = least(native);
  printFigure({
    figure: '50 processors with 4 atomic operations a call, processor time',
    value,
    unit: 'ms',
    baseline,
    ratio: value / baseline,
  });
  expect(value).toBeGreaterThan(0);
});
