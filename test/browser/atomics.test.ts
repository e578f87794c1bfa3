import { afterAll, beforeAll, expect, test } from 'vitest';
import { lineOf } from '../support/atomic-entries.ts';
import { imported, wasmModule } from '../support/wasm-bytes.ts';
import {
  launchPageBrowser,
  type ObservedPage,
  type PageBrowser,
  type Recorded,
} from './page/observed-page.ts';

/** Runs in any realm: what every operation gave, or threw. */
const WORKOUT = `
  function workout(cells) {
    const said = [];
    const attempt = (name, ...args) => {
      try {
        said.push(name + ' ' + String(Atomics[name](...args)));
      } catch (error) {
        said.push(name + ' ' + String(error));
      }
    };
    const one = { valueOf() { said.push('valueOf'); return 1; } };
    attempt('store', cells, 0, 5);
    attempt('load', cells, 0);
    attempt('load', cells, 0);
    attempt('add', cells, 0, one);
    attempt('sub', cells, one, 3);
    attempt('and', cells, 0, 4);
    attempt('or', cells, '0', 3);
    attempt('xor', cells, 0, 1.9);
    attempt('exchange', cells, 0, -1);
    attempt('compareExchange', cells, 0, 8, 9);
    attempt('compareExchange', cells, 0, -1, 9);
    attempt('notify', cells, 0, 1);
    attempt('load', cells, 99);
    attempt('store', cells, 0, 1n);
    attempt('add', new Float64Array(4), 0, 1);
    attempt('load', new Int32Array(4), 2);
    attempt('add', new BigInt64Array(cells.buffer), 2, 1n);
    for (const name of Object.getOwnPropertyNames(Atomics)) {
      const method = Atomics[name];
      said.push(name + ' ' + method.name + ' ' + method.length + ' ' + method + ' ' + Reflect.ownKeys(method));
    }
    return said;
  }
`;

const PROCESSOR = `
  ${WORKOUT}
  registerProcessor('worker-out', class extends AudioWorkletProcessor {
    constructor({ processorOptions }) {
      super();
      const { cells } = processorOptions;
      this.port.postMessage(workout(cells));
      this.cells = cells;
    }
    process() {
      Atomics.load(this.cells, 8);
      return true;
    }
  });
`;

const WORKER = `
  ${WORKOUT}
  onmessage = ({ data: { cells, job } }) => {
    if (job === 'workout') postMessage(workout(cells));
    if (job === 'wait') {
      const first = Atomics.wait(cells, 0, 0);
      const then = Atomics.wait(cells, 0, 0);
      postMessage([first, then, Atomics.wait(cells, 1, 0, 5)]);
    }
    if (job === 'stuck') Atomics.wait(cells, 3, 0);
  };
`;

const LINES = [
  'store 1 0→5',
  'load 1 5→0',
  'loads 1 5→0',
  'readModifyWrite 1 5→6',
  'readModifyWrite 2 0→-3',
  'readModifyWrite 1 6→4',
  'writes 1 4→-1 ×3',
  'failedExchange 1 -1→0',
  'readModifyWrite 1 -1→9',
  'notify 1 0→0',
  'readModifyWrite 3 0→1',
];

let bare: PageBrowser;
let browser: PageBrowser;
beforeAll(async () => {
  const files = { '/processor.js': PROCESSOR, '/worker.js': WORKER, '/workout.js': WORKOUT };
  bare = await launchPageBrowser({ files, extension: false });
  browser = await launchPageBrowser({ files });
});
afterAll(async () => {
  await browser?.close();
  await bare?.close();
});

type Act = (page: ObservedPage['page']) => Promise<readonly string[]>;

/** Runs `act` in isolated pages of both browsers; gives what was recorded, once both had the same to say. */
async function compare(act: Act): Promise<Recorded> {
  const without = await bare.open('/?isolated');
  const observed = await browser.open('/?isolated');
  try {
    const expected = await act(without.page);
    expect(expected.length).toBeGreaterThan(20);
    expect(await act(observed.page)).toEqual(expected);
    return await observed.recorded();
  } finally {
    await without.close();
    await observed.close();
  }
}

/** The atomic operations of one thread. */
function linesOf(seen: Recorded, thread: number): readonly string[] {
  return seen.atomics.filter((entry) => entry.thread === thread).map(lineOf);
}

test('an audio rendering thread', async () => {
  const seen = await compare((page) =>
    page.evaluate(async () => {
      const context = new AudioContext();
      await context.audioWorklet.addModule('/processor.js');
      const cells = new Int32Array(new SharedArrayBuffer(64));
      const options = { processorOptions: { cells } };
      const node = new AudioWorkletNode(context, 'worker-out', options);
      const said = await new Promise<readonly string[]>((heard) => {
        node.port.onmessage = ({ data }) => heard(data);
      });
      await new Promise((done) => setTimeout(done, 300));
      return said;
    }),
  );
  const lines = linesOf(seen, 1);
  expect(lines.slice(0, LINES.length)).toEqual(LINES);
  expect(lines[LINES.length]).toBe('load 4 0→0');
  expect(lines.at(-1)).toMatch(/^loads 4 0→0 ×\d+$/);
  expect(seen.records.filter(({ record }) => record === 'cellSeen')).toMatchObject([
    { on: 1, cell: 1, offset: 0, width: 4 },
    { on: 1, cell: 2, offset: 4, width: 4 },
    { on: 1, cell: 3, offset: 16, width: 8 },
    { on: 1, cell: 4, offset: 32, width: 4 },
  ]);
  expect(seen.lost).toBe(0);
});

test('a worker', async () => {
  const seen = await compare((page) =>
    page.evaluate(async () => {
      const context = new AudioContext();
      await context.audioWorklet.addModule('/processor.js');
      const cells = new Int32Array(new SharedArrayBuffer(64));
      const worker = new Worker('/worker.js');
      worker.postMessage({ cells, job: 'workout' });
      return new Promise<readonly string[]>((heard) => {
        worker.onmessage = ({ data }) => heard(data);
      });
    }),
  );
  const { thread } = seen.of('workerThread')[0] ?? {};
  expect(linesOf(seen, thread ?? -1)).toEqual(LINES);
  expect(seen.lost).toBe(0);
});

test('the page', async () => {
  const seen = await compare(async (page) => {
    await page.addScriptTag({ url: '/workout.js' });
    return page.evaluate(async () => {
      const { workout } = globalThis as unknown as {
        workout(cells: Int32Array): readonly string[];
      };
      const context = new AudioContext();
      await context.audioWorklet.addModule('/processor.js');
      const cells = new Int32Array(new SharedArrayBuffer(64));
      const untouched = workout(new Int32Array(new SharedArrayBuffer(64)));
      const worker = new Worker('/worker.js');
      worker.postMessage({ cells });
      return [...untouched, ...workout(cells)];
    });
  });
  expect(linesOf(seen, 0)).toEqual(LINES);
  expect(seen.lost).toBe(0);
});

test('who waits, and who wakes it', async () => {
  const seen = await compare((page) =>
    page.evaluate(async () => {
      const context = new AudioContext();
      await context.audioWorklet.addModule('/processor.js');
      const cells = new Int32Array(new SharedArrayBuffer(64));
      const worker = new Worker('/worker.js');
      const outcome = new Promise<readonly string[]>((heard) => {
        worker.onmessage = ({ data }) => heard(data);
      });
      const stuck = new Worker('/worker.js');
      stuck.postMessage({ cells, job: 'stuck' });
      worker.postMessage({ cells, job: 'wait' });
      let woken = 0;
      while (woken === 0) {
        await new Promise((done) => setTimeout(done, 20));
        woken = Atomics.notify(cells, 0);
      }
      await new Promise((done) => setTimeout(done, 50));
      Atomics.store(cells, 0, 1);
      Atomics.notify(cells, 0);
      const { value } = Atomics.waitAsync(cells, 2, 0);
      Atomics.notify(cells, 2);
      const said = [String(await value), ...(await outcome), String(woken)];
      let thrown = '';
      try {
        Atomics.wait(cells, 0, 0);
      } catch (error) {
        thrown = String(error);
      }
      return [...said, thrown, ...Array.from({ length: 20 }, () => '')];
    }),
  );
  const [waiting, blocked] = [1, 2].map((number) => {
    const workers = seen.of('workerThread');
    return workers.find(({ worker }) => worker === number)?.thread ?? -1;
  });
  expect(linesOf(seen, waiting ?? -1)).toEqual([
    'waitBegin 1 0→0',
    'waitOk 1 0→0',
    'waitBegin 1 0→0',
    'waitOk 1 0→0',
    'waitBegin 2 0→0',
    'waitTimedOut 2 0→0',
  ]);
  // It is still blocked: what it said before it was has come all the same.
  expect(linesOf(seen, blocked ?? -1)).toEqual(['waitBegin 1 0→0']);
  const page = linesOf(seen, 0).filter((line) => line !== 'notify 1 0→0');
  expect(page).toEqual([
    'notify 1 0→1',
    'store 1 0→1',
    'notify 1 0→1',
    'asyncWaitBegin 2 0→0',
    'notify 2 0→1',
    'asyncWaitOk 2 0→0',
  ]);
  const wakes = seen.atomics.filter(({ kind, written }) => kind === 'notify' && written === 1);
  const woken = seen.atomics.filter(({ kind }) => kind === 'waitOk');
  for (const [i, wake] of woken.entries()) {
    // What was woken was not awake before the other began to wake it.
    expect(wakes[i]?.before).toBeLessThan(wake.after);
  }
});

test('what is compiled, in every realm', async () => {
  const shared = [...wasmModule({ imports: [imported.sharedMemory], code: [[0xfe, 3, 0]] })];
  const plain = [...wasmModule({ code: [[]] })];
  const observed = await browser.open('/?isolated');
  try {
    await observed.page.evaluate(
      async ([shared, plain]) => {
        await WebAssembly.compile(new Uint8Array(shared));
        const context = new OfflineAudioContext(1, 128, 48_000);
        const module = `new WebAssembly.Module(new Uint8Array([${plain}]))`;
        const blob = new Blob([module], { type: 'text/javascript' });
        await context.audioWorklet.addModule(URL.createObjectURL(blob));
        new WebAssembly.Module(new Uint8Array(plain));
        const response = new Response(new Uint8Array(shared), {
          headers: { 'content-type': 'application/wasm' },
        });
        await WebAssembly.compileStreaming(response);
      },
      [shared, plain] as const,
    );
    const seen = await observed.recorded();
    const compiled = seen.records.flatMap((each) =>
      each.record === 'wasmCompiled' ? [`${each.on} ${each.atomics} ${each.sync}`] : [],
    );
    expect(compiled.toSorted()).toEqual([
      '0 none true',
      '0 some false',
      '0 unknown false',
      '1 none true',
    ]);
  } finally {
    await observed.close();
  }
});
