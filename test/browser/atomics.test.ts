import { afterAll, beforeAll, expect, test } from 'vitest';
import { lineOf } from '../support/atomic-entries.ts';
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
  const files = { '/processor.js': PROCESSOR };
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
