import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchPageBrowser, type PageBrowser, type Recorded } from './observed-page.ts';

const MODULE = `
  class Echo extends AudioWorkletProcessor {
    static get parameterDescriptors() { return [{ name: 'level' }]; }
    constructor() {
      super();
      this.port.onmessage = ({ data }) => {
        this.port.postMessage({ heard: data });
        if (data === 'close') this.port.close();
      };
    }
    process() { return true; }
  }
  registerProcessor('echo', Echo);
  registerProcessor('breaks', class extends AudioWorkletProcessor {
    constructor() { super(); throw new Error('no such luck'); }
  });
  registerProcessor('fails', class extends AudioWorkletProcessor {
    process() { throw new Error('too late'); }
  });
`;

let browser: PageBrowser;
beforeAll(async () => {
  browser = await launchPageBrowser({ files: { '/echo.js': MODULE } });
});
afterAll(() => browser?.close());

/** Runs `act` in an isolated page and gives what was recorded of it. */
async function recordedOf(act: () => Promise<void>): Promise<Recorded> {
  const { page, recorded, close } = await browser.open('/?isolated');
  try {
    await page.evaluate(act);
    return await recorded();
  } finally {
    await close();
  }
}

test('contexts tell their calls, how these settled, and their states', async () => {
  const seen = await recordedOf(async () => {
    const context = new AudioContext({ sampleRate: 44_100 });
    await context.suspend();
    await context.resume();
    await context.close();
    await context.resume().catch(() => undefined);
    const offline = new OfflineAudioContext(1, 256, 48_000);
    await offline.startRendering();
  });
  expect(seen.of('contextCreated')).toMatchObject([
    { context: 1, kind: 'realtime', sampleRate: 44_100, length: 0, quantumFrames: 128 },
    { context: 2, kind: 'offline', sampleRate: 48_000, length: 256 },
  ]);
  expect(seen.of('contextCreated')[0]?.stack).toContain('at ');
  expect(
    seen.of('contextSettled').map(({ context, method, outcome }) => [context, method, outcome]),
  ).toEqual([
    [1, 'suspend', 'resolved'],
    [1, 'resume', 'resolved'],
    [1, 'close', 'resolved'],
    [1, 'resume', 'rejected'],
    [2, 'startRendering', 'resolved'],
  ]);
  for (const { call, seq } of seen.of('contextCall')) {
    const settled = seen.of('contextSettled').find((each) => each.call === call);
    expect(settled?.seq).toBeGreaterThan(seq);
  }
  expect(seen.of('contextState').map(({ state }) => state)).toContain('closed');
});

test('every overload of connect and disconnect is told apart', async () => {
  const seen = await recordedOf(async () => {
    const context = new OfflineAudioContext(2, 128, 48_000);
    await context.audioWorklet.addModule('/echo.js');
    const node = new AudioWorkletNode(context, 'echo', { numberOfInputs: 2, numberOfOutputs: 2 });
    const gain = new GainNode(context);
    const other = new GainNode(context);
    other.connect(context.destination);
    gain.connect(node);
    gain.connect(node, 0, 1);
    gain.connect(node.parameters.get('level') as AudioParam);
    node.connect(gain.gain, 1);
    node.connect(context.destination, 1);
    node.disconnect(context.destination, 1, 0);
    node.disconnect(gain.gain, 1);
    gain.disconnect(node.parameters.get('level') as AudioParam);
    gain.disconnect(node, 0);
    node.disconnect(1);
    node.disconnect();
  });
  const names = new Map(seen.of('neighbourSeen').map(({ node, type }) => [node, type]));
  const nameOf = (node: number): string =>
    names.get(node as never) ?? (node === 0 ? '' : 'worklet');
  expect(
    seen
      .of('connected')
      .map((each) =>
        [nameOf(each.source), nameOf(each.target), each.param, each.output, each.input].join(' '),
      ),
  ).toEqual([
    'GainNode worklet  0 0',
    'GainNode worklet  0 1',
    'GainNode worklet level 0 0',
    'worklet AudioParam  1 0',
    'worklet AudioDestinationNode  1 0',
  ]);
  expect(
    seen
      .of('disconnected')
      .map((each) =>
        [nameOf(each.source), each.what, nameOf(each.target), each.param, each.output].join(' '),
      ),
  ).toEqual([
    'worklet target-output-input AudioDestinationNode  1',
    'worklet target-output AudioParam  1',
    'GainNode target worklet level 0',
    'GainNode target-output worklet  0',
    'worklet output   1',
    'worklet all   0',
  ]);
});

test('messages are numbered on both sides, and ordered by cause', async () => {
  const seen = await recordedOf(async () => {
    const context = new AudioContext();
    await context.audioWorklet.addModule('/echo.js');
    const node = new AudioWorkletNode(context, 'echo');
    const heard = (): Promise<void> =>
      new Promise((done) => {
        node.port.onmessage = () => done();
      });
    node.port.postMessage({ type: 'stop', id: 7 });
    await heard();
    await context.suspend();
    node.port.postMessage(new Float32Array(256));
    await heard();
    node.port.postMessage('close');
    await new Promise((done) => setTimeout(done, 100));
    node.port.close();
  });
  const sent = seen.of('messageSent');
  const received = seen.of('messageReceived');
  expect(sent.map(({ from, index, preview }) => [from, index, preview])).toEqual([
    ['node', 0, '{type: "stop", id: 7}'],
    ['node', 1, 'Float32Array(1024)'],
    ['node', 2, '"close"'],
  ]);
  expect(received[0]).toMatchObject({ from: 'processor', index: 0, failed: false });
  expect(received[0]?.preview).toBe('{heard: {type: "stop", id: 7}}');
  const slots = (op: string) => seen.slots.filter((each) => each.op === op);
  expect(slots('received').map(({ words }) => words[2])).toEqual([0, 1, 2]);
  expect(slots('sent').map(({ words }) => words[2])).toEqual([0, 1, 2]);
  for (const index of [0, 1]) {
    const places = [
      sent[index]?.seq,
      slots('received')[index]?.words[0],
      slots('sent')[index]?.words[0],
      received[index]?.seq,
    ];
    expect(places).toEqual(places.toSorted((a, b) => Number(a) - Number(b)));
    expect(new Set(places).size).toBe(4);
  }
  expect(
    seen
      .of('portClosed')
      .map(({ by }) => by)
      .sort(),
  ).toEqual(['node', 'processor']);
});

test('refusals and exceptions are told with their reasons', async () => {
  const seen = await recordedOf(async () => {
    const context = new AudioContext();
    await context.audioWorklet.addModule('/echo.js');
    await context.audioWorklet.addModule('/missing/').catch(() => undefined);
    new AudioWorkletNode(context, 'breaks');
    new AudioWorkletNode(context, 'fails').connect(context.destination);
    try {
      new AudioWorkletNode(context, 'unheard-of');
    } catch {
      // As it must be.
    }
    await new Promise((done) => setTimeout(done, 300));
    await context.close();
    try {
      new AudioWorkletNode(context, 'echo');
    } catch {
      // As it must be.
    }
  });
  expect(seen.of('moduleSettled').map(({ outcome }) => outcome)).toEqual(['resolved', 'rejected']);
  expect(seen.of('processorConstructed')).toMatchObject([
    { ordinal: 0, name: 'breaks', outcome: 'rejected', reason: 'Error: no such luck' },
    { ordinal: 1, name: 'fails', outcome: 'resolved' },
  ]);
  expect(seen.of('processorErrorEvent').map(({ node }) => node)).toEqual([1, 2]);
  expect(seen.of('processorErrorEvent')[1]?.reason).toMatch(/too late \(.*echo\.js:\d+\)/);
  expect(seen.of('nodeRefused').map((each) => [each.processorName, each.contextState])).toEqual([
    ['unheard-of', 'running'],
    ['echo', 'closed'],
  ]);
});

test('what a page declares is told, by object and by mark', async () => {
  const seen = await recordedOf(async () => {
    const { __lifeline__: lifeline } = globalThis as unknown as {
      __lifeline__: {
        destroy(node: unknown): void;
        alloc(buffer: unknown, offset: unknown, length: unknown, label: unknown): void;
        free(buffer: unknown, offset: unknown): void;
      };
    };
    const context = new OfflineAudioContext(1, 128, 48_000);
    await context.audioWorklet.addModule('/echo.js');
    const nodes = [1, 2, 3].map(() => new AudioWorkletNode(context, 'echo'));
    lifeline.destroy(nodes[1]);
    lifeline.destroy({});
    performance.mark('lifeline:destroy:echo');
    performance.mark('lifeline:destroy:echo#1');
    performance.mark('lifeline:half-time');
    performance.mark('another');
    const heap = new ArrayBuffer(64);
    lifeline.alloc(heap, 16, 8, 'control block');
    lifeline.free(heap, 16);
    lifeline.free(heap, 16);
    lifeline.alloc('no buffer', -1, Number.NaN, {});
  });
  expect(seen.of('declaredDestroyed').map(({ node }) => node)).toEqual([2, 3, 1]);
  expect(seen.of('mark').map(({ text }) => text)).toEqual(['lifeline:half-time']);
  const [block] = seen.of('blockAllocated');
  expect(seen.of('blockAllocated')).toMatchObject([
    { offset: 16, length: 8, label: 'control block' },
  ]);
  expect(seen.of('blockFreed').map((each) => each.block)).toEqual([block?.block, 0]);
});

test('memory that is handed to a processor is told, and what Emscripten makes is known', async () => {
  const seen = await recordedOf(async () => {
    const context = new OfflineAudioContext(1, 128, 48_000);
    await context.audioWorklet.addModule('/echo.js');
    const make = (processorOptions?: object) =>
      new AudioWorkletNode(context, 'echo', processorOptions ? { processorOptions } : {});
    make({ cells: new Int32Array(new SharedArrayBuffer(16)) });
    const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
    make({ inner: { bytes } });
    make().port.postMessage([new SharedArrayBuffer(8)]);
    make({ R: 3, S: 4096, P: 128 });
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    make({ a: new WebAssembly.Module(bytes), b: memory });
    make({ R: 3, S: 4096, P: 128 });
    make({ callback: 5, userData: 8192, samplesPerChannel: 128 });
  });
  expect(
    seen
      .of('nodeCreated')
      .map((each) => [each.memory, each.emscripten, each.callback, each.userData].join(' ')),
  ).toEqual([
    'shared no 0 0',
    'wasm no 0 0',
    'none no 0 0',
    'none no 0 0',
    'wasm bootstrap 0 0',
    'wasm node 3 4096',
    'wasm node 5 8192',
  ]);
  expect(seen.of('memoryPassed')).toMatchObject([{ node: 3, memory: 'shared' }]);
});

test('a stack is had whatever the page has done to Error, and runs none of its code', async () => {
  const seen = await recordedOf(async () => {
    const asked: unknown[] = [];
    Error.stackTraceLimit = 0;
    Error.prepareStackTrace = (...args) => {
      asked.push(args);
      return 'mine';
    };
    new OfflineAudioContext(1, 128, 48_000);
    const kept = [Error.stackTraceLimit, typeof Error.prepareStackTrace];
    performance.mark(`lifeline:${asked.length} ${kept.join()}`);
  });
  expect(seen.of('contextCreated')[0]?.stack).toContain('at ');
  expect(seen.of('contextCreated')[0]?.stack).not.toContain('chrome-extension:');
  expect(seen.of('mark').map(({ text }) => text)).toEqual(['lifeline:0 0,function']);
});
