import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_SETTINGS } from '../../../src/shared/settings.ts';
import {
  STRESS_MILLIS,
  type StressAction,
  stressStep,
} from '../../../src/shared/stress-schedule.ts';
import { launchPageBrowser, type PageBrowser, type Recorded } from './observed-page.ts';

const VOICE = `
  let calls = 0;
  const all = [];
  class Voice extends AudioWorkletProcessor {
    constructor({ processorOptions = {} }) {
      super();
      this.memory = processorOptions.memory && new Int32Array(processorOptions.memory);
      this.heard = [];
      this.port.onmessage = ({ data }) => {
        if (data === 'heard?') this.port.postMessage({ heard: this.heard });
        else if (data === 'calls?') this.port.postMessage({ calls });
        else if (data === 'all?') this.port.postMessage({ heard: all });
        else {
          const said = typeof data === 'object' ? data.buffer?.byteLength ?? data.n : data;
          this.heard.push(said);
          all.push(said);
        }
      };
    }
    process(inputs, [output]) {
      calls++;
      if (this.memory) this.memory[0]++;
      output[0].fill(0);
      return true;
    }
  }
  registerProcessor('voice', Voice);
`;

let browser: PageBrowser;
beforeAll(async () => {
  browser = await launchPageBrowser({ files: { '/voice.js': VOICE } });
});
afterAll(() => browser?.close());

interface AnnotatedWindow {
  readonly __lifeline__: {
    destroy(node: object): void;
    alloc(buffer: object, offset: number, length: number, label: string): void;
    free(buffer: object, offset: number): void;
  };
}

/** The least seed whose schedule begins like this. */
function seedOf(...actions: readonly StressAction[]): number {
  for (let seed = 1; ; seed++) {
    if (actions.every((action, step) => stressStep(seed, step).action === action)) return seed;
  }
}

/** One that begins with about the longest hold: it outlasts what a busy machine lets the page's thread wait for its turn. */
function seedOfLongHold(): number {
  for (let seed = 1; ; seed++) {
    const { action, millis } = stressStep(seed, 0);
    if (action === 'hold' && millis >= STRESS_MILLIS.hold[1] - 5) return seed;
  }
}

async function openStressed(path: string, seed: number) {
  await browser.configure({ ...DEFAULT_SETTINGS, stress: seed });
  return browser.open(path);
}

function stressedOf(seen: Recorded) {
  return [...seen.of('stressed')].sort((a, b) => a.step - b.step || a.seq - b.seq);
}

describe.each(['?isolated', '?plain'])('%s', (query) => {
  const isIsolated = query === '?isolated';

  test('a call is held while the page gives its node up, for as long as the schedule says', async () => {
    const seed = seedOfLongHold();
    const { millis } = stressStep(seed, 0);
    const { page, recorded, close } = await openStressed(`/${query}`, seed);
    const took = await page.evaluate(async () => {
      const context = new AudioContext();
      await context.audioWorklet.addModule('/voice.js');
      const node = new AudioWorkletNode(context, 'voice');
      node.connect(context.destination);
      await new Promise((done) => setTimeout(done, 200));
      const from = performance.now();
      node.disconnect();
      const took = performance.now() - from;
      await new Promise((done) => setTimeout(done, 300));
      return took;
    });
    const seen = await recorded();
    const [held] = stressedOf(seen);
    expect(held).toMatchObject({ action: 'hold', node: 1, seed, step: 0, micros: millis * 1000 });
    expect(held).toMatchObject({ on: 1 });
    const { seq: disconnected } = seen.of('disconnected')[0] ?? { seq: 0 };
    const around = seen.slots.filter(
      ({ op, words: [enter, , span] }) =>
        op === 'process' && enter < disconnected && enter + (span & 0xffff) > disconnected,
    );
    if (isIsolated) {
      expect(around).toHaveLength(1);
      expect(held?.seq).toBeLessThan(disconnected);
      expect(took).toBeLessThan(250);
    } else expect(took).toBeLessThan(50);
    expect(STRESS_MILLIS.hold[1]).toBeGreaterThanOrEqual(millis);
    await close();
  });

  test('every message of a port whose messages are delayed arrives once, and in order', async () => {
    const seed = seedOf('delay');
    const { page, recorded, close } = await openStressed(`/${query}`, seed);
    const { heard, refused, lengths, waited } = await page.evaluate(async () => {
      const context = new AudioContext();
      await context.audioWorklet.addModule('/voice.js');
      const node = new AudioWorkletNode(context, 'voice');
      node.connect(context.destination);
      await new Promise((done) => setTimeout(done, 100));
      const ask = (question: string): Promise<{ heard: unknown[] }> =>
        new Promise((done) => {
          node.port.onmessage = ({ data }) => done(data);
          node.port.postMessage(question);
        });
      const message = { n: 1, type: 'stop' };
      node.port.postMessage({ n: 0 });
      const from = performance.now();
      node.port.postMessage(message); // From here on they are held back.
      message.n = 99;
      for (let n = 2; n < 200; n++) node.port.postMessage({ n });
      let refused = '';
      try {
        node.port.postMessage(() => 1);
      } catch (error) {
        refused = `${error}`;
      }
      const moved = new Uint8Array(17);
      node.port.postMessage({ buffer: moved }, [moved.buffer]);
      const lengths = [moved.length];
      node.port.postMessage('last');
      const { heard } = await ask('heard?');
      return { heard, refused, lengths, waited: performance.now() - from };
    });
    const numbers = Array.from({ length: 200 }, (_, n) => n);
    expect(heard).toEqual([...numbers, 17, 'last']);
    expect(refused).toMatch(/^DataCloneError: Failed to execute 'postMessage' on 'MessagePort'/);
    expect(lengths).toEqual([0]);
    expect(waited).toBeLessThan(500);
    const seen = await recorded();
    expect(stressedOf(seen)[0]).toMatchObject({ action: 'delay', node: 1, step: 0, on: 0 });
    expect(seen.of('messageSent')).toHaveLength(203);
    await close();
  });

  test('a delayed message and its answer take at least as long as was said', async () => {
    const seed = seedOf('delay');
    const { millis } = stressStep(seed, 0);
    const { page, recorded, close } = await openStressed(`/${query}`, seed);
    const waited = await page.evaluate(async () => {
      const context = new AudioContext();
      await context.audioWorklet.addModule('/voice.js');
      const node = new AudioWorkletNode(context, 'voice');
      node.connect(context.destination);
      await new Promise((done) => setTimeout(done, 100));
      const from = performance.now();
      node.disconnect();
      await new Promise((done) => {
        node.port.onmessage = done;
        node.port.postMessage('calls?');
      });
      return performance.now() - from;
    });
    expect(waited).toBeGreaterThan(millis - 1);
    expect(waited).toBeLessThan(2 * STRESS_MILLIS.delay[1] + 200);
    await recorded();
    await close();
  });

  test('messages that are held back leave before the port is closed', async () => {
    const seed = seedOf('delay', 'hold');
    const { page, close } = await openStressed(`/${query}`, seed);
    const heard = await page.evaluate(async () => {
      const context = new AudioContext();
      await context.audioWorklet.addModule('/voice.js');
      const node = new AudioWorkletNode(context, 'voice');
      node.port.postMessage('stop');
      node.port.postMessage({ n: 5 });
      node.port.close();
      const other = new AudioWorkletNode(context, 'voice');
      return new Promise((done) => {
        other.port.onmessage = ({ data }) => done(data.heard);
        other.port.postMessage('all?');
      });
    });
    expect(heard).toEqual(['stop', 5]);
    await close();
  });

  test('a context is suspended and left as it was found', async () => {
    const seed = seedOf('suspend');
    const { millis } = stressStep(seed, 0);
    const { page, recorded, close } = await openStressed(`/${query}`, seed);
    const states = await page.evaluate(async (millis) => {
      const context = new AudioContext();
      await context.audioWorklet.addModule('/voice.js');
      const node = new AudioWorkletNode(context, 'voice');
      node.connect(context.destination);
      await new Promise((done) => setTimeout(done, 200));
      const states: string[] = [context.state];
      context.onstatechange = () => states.push(context.state);
      node.disconnect();
      await new Promise((done) => setTimeout(done, millis + 300));
      return states;
    }, millis);
    expect(states).toEqual(['running', 'suspended', 'running']);
    const seen = await recorded();
    expect(stressedOf(seen)).toMatchObject([
      { action: 'suspend', context: 1, step: 0, micros: millis * 1000 },
      { action: 'resume', context: 1, step: 0 },
    ]);
    expect(seen.of('contextCall')).toEqual([]);
    await close();
  });

  test('what the page calls on its context wins', async () => {
    const { page, recorded, close } = await openStressed(`/${query}`, seedOf('suspend'));
    const state = await page.evaluate(async () => {
      const context = new AudioContext();
      await context.audioWorklet.addModule('/voice.js');
      const node = new AudioWorkletNode(context, 'voice');
      node.connect(context.destination);
      await new Promise((done) => setTimeout(done, 200));
      node.disconnect();
      await context.suspend();
      await new Promise((done) => setTimeout(done, 400));
      return context.state;
    });
    expect(state).toBe('suspended');
    expect(stressedOf(await recorded())).toMatchObject([{ action: 'suspend' }]);
    await close();
  });

  test('a context that the page has suspended is left alone', async () => {
    const { page, recorded, close } = await openStressed(`/${query}`, seedOf('suspend', 'hold'));
    const state = await page.evaluate(async () => {
      const context = new AudioContext();
      await context.audioWorklet.addModule('/voice.js');
      const node = new AudioWorkletNode(context, 'voice');
      node.connect(context.destination);
      await new Promise((done) => setTimeout(done, 100));
      await context.suspend();
      node.disconnect();
      node.port.close();
      await new Promise((done) => setTimeout(done, 300));
      return context.state;
    });
    expect(state).toBe('suspended');
    expect(stressedOf(await recorded())).toMatchObject([
      { action: 'nothing', step: 0 },
      { action: 'nothing', step: 1 },
    ]);
    await close();
  });

  test('nothing is done where no seed is set', async () => {
    await browser.configure(DEFAULT_SETTINGS);
    const { page, recorded, close } = await browser.open(`/${query}`);
    await page.evaluate(async () => {
      const context = new AudioContext();
      await context.audioWorklet.addModule('/voice.js');
      const node = new AudioWorkletNode(context, 'voice');
      node.connect(context.destination);
      await new Promise((done) => setTimeout(done, 100));
      node.port.postMessage('stop');
      node.disconnect();
      node.port.close();
    });
    const seen = await recorded();
    expect(seen.of('disconnected')).toHaveLength(1);
    expect(stressedOf(seen)).toEqual([]);
    await close();
  });
});

test('the steps of a page are the schedule of its seed, whatever could be done of it', async () => {
  for (const seed of [7, 8]) {
    const { page, recorded, close } = await openStressed('/?isolated', seed);
    await page.evaluate(async () => {
      const context = new AudioContext();
      await context.audioWorklet.addModule('/voice.js');
      for (let i = 0; i < 6; i++) {
        const memory = new SharedArrayBuffer(16);
        const lifeline = (globalThis as unknown as AnnotatedWindow).__lifeline__;
        lifeline.alloc(memory, 0, 16, 'voice');
        const node = new AudioWorkletNode(context, 'voice', { processorOptions: { memory } });
        node.connect(context.destination);
        await new Promise((done) => setTimeout(done, 100));
        node.disconnect();
        lifeline.destroy(node);
        lifeline.free(memory, 0);
        await new Promise((done) => setTimeout(done, 350));
      }
    });
    const steps = stressedOf(await recorded()).filter(({ action }) => action !== 'resume');
    expect(new Set(steps.map(({ step }) => step))).toEqual(
      new Set(Array.from({ length: 18 }, (_, step) => step)),
    );
    for (const { action, step, micros } of steps) {
      const planned = stressStep(seed, step);
      expect(['nothing', planned.action]).toContain(action);
      if (action !== 'nothing') expect(micros).toBeGreaterThanOrEqual(planned.millis * 1000);
    }
    await close();
  }
});
