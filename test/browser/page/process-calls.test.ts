import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchPageBrowser, type PageBrowser } from './observed-page.ts';

const COUNTER = `
  class Counter extends AudioWorkletProcessor {
    calls = 0;
    constructor() {
      super();
      this.port.onmessage = ({ data }) => {
        this.stopped ||= data === 'stop';
        this.port.postMessage(this.calls);
      };
    }
    process() {
      this.calls++;
      return !this.stopped;
    }
  }
  registerProcessor('counter', Counter);
`;

let browser: PageBrowser;
beforeAll(async () => {
  browser = await launchPageBrowser({
    files: { '/counter.js': COUNTER, '/second.js': COUNTER.replace("'counter'", "'second'") },
  });
});
afterAll(() => browser?.close());

for (const isolation of ['?isolated', '?plain']) {
  describe(
    isolation === '?isolated' ? 'on an isolated page' : 'on a page that is not isolated',
    () => {
      test('every call of a real-time context is seen', async () => {
        const { page, recorded, close } = await browser.open(`/${isolation}`);
        const counted = await page.evaluate(async () => {
          const context = new AudioContext();
          await context.audioWorklet.addModule('/counter.js');
          const nodes = Array.from({ length: 10 }, () => new AudioWorkletNode(context, 'counter'));
          for (const node of nodes) node.connect(context.destination);
          await new Promise((done) => setTimeout(done, 1000));
          await context.suspend();
          let calls = 0;
          for (const node of nodes) {
            calls += await new Promise<number>((done) => {
              node.port.onmessage = ({ data }) => done(data);
              node.port.postMessage('count');
            });
          }
          return calls;
        });
        const seen = await recorded();
        expect(counted).toBeGreaterThan(1000);
        expect({ calls: seen.calls, lost: seen.lost }).toEqual({ calls: counted, lost: 0 });
        await close();
      });

      test('every call of an offline context is seen', async () => {
        const { page, recorded, close } = await browser.open(`/${isolation}`);
        const counted = await page.evaluate(async () => {
          const context = new OfflineAudioContext(1, 48_000 * 20, 48_000);
          await context.audioWorklet.addModule('/counter.js');
          const nodes = Array.from({ length: 20 }, () => new AudioWorkletNode(context, 'counter'));
          for (const node of nodes) node.connect(context.destination);
          await context.startRendering();
          let calls = 0;
          for (const node of nodes) {
            calls += await new Promise<number>((done) => {
              node.port.onmessage = ({ data }) => done(data);
              node.port.postMessage('count');
            });
          }
          return calls;
        });
        const seen = await recorded();
        expect(counted).toBe(7500 * 20);
        expect(seen.calls + seen.lost).toBe(counted);
        expect(seen.lost).toBe(0);
        await close();
      });

      test('calls of several contexts and modules are told apart', async () => {
        const { page, recorded, close } = await browser.open(`/${isolation}`);
        const counted = await page.evaluate(async () => {
          const run = async (seconds: number, modules: string[]): Promise<number[]> => {
            const context = new OfflineAudioContext(1, 48_000 * seconds, 48_000);
            for (const name of modules) await context.audioWorklet.addModule(`/${name}.js`);
            const nodes = modules.map((name) => new AudioWorkletNode(context, name));
            for (const node of nodes) node.connect(context.destination);
            await context.startRendering();
            const calls: number[] = [];
            for (const node of nodes) {
              calls.push(
                await new Promise<number>((done) => {
                  node.port.onmessage = ({ data }) => done(data);
                  node.port.postMessage('count');
                }),
              );
            }
            return calls;
          };
          return Promise.all([run(1, ['counter', 'second']), run(2, ['second'])]);
        });
        expect(counted).toEqual([[375, 375], [750]]);
        const seen = await recorded();
        const perProcessor: Record<string, number> = {};
        for (const { op, thread, ordinal } of seen.slots) {
          const context = seen.of('threadStarted').find((each) => each.thread === thread)?.context;
          const key = `context ${context} processor ${ordinal}`;
          if (op === 'process') perProcessor[key] = (perProcessor[key] ?? 0) + 1;
        }
        expect(perProcessor).toEqual({
          'context 1 processor 0': 375,
          'context 1 processor 1': 375,
          'context 2 processor 0': 750,
        });
        await close();
      });
    },
  );
}
