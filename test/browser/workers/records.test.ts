import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  launchPageBrowser,
  type PageBrowser,
  type Recorded,
  type RecordOn,
} from '../page/observed-page.ts';

const PROCESSOR = `
  registerProcessor('hands', class extends AudioWorkletProcessor {
    constructor({ processorOptions }) {
      super();
      this.cells = processorOptions?.cells;
      this.port.onmessage = ({ data, ports }) => {
        if (ports[0]) {
          ports[0].onmessage = (event) => ports[0].postMessage(['worklet heard', event.data]);
          ports[0].postMessage('from worklet');
        }
        if (data?.memory) this.port.postMessage({ view: new Int32Array(data.memory.buffer) });
      };
    }
    process() { return true; }
  });
`;

/** A page whose own script uses a worker, and notes all that it hears. */
const USE = `
  const out = [];
  addEventListener('securitypolicyviolation', ({ blockedURI }) => out.push('refused ' + blockedURI));
  addEventListener('error', ({ message }) => out.push('error ' + message));
  const worker = new Worker('/echo.js');
  worker.onerror = () => out.push('failed');
  worker.onmessage = ({ data, ports }) => {
    out.push(ports.length + ' ' + JSON.stringify(data));
    if (ports[0]) ports[0].postMessage('closed over');
  };
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }) => {
    out.push(data);
    const second = new Worker('/echo.js');
    second.onmessage = ({ data }) => {
      out.push(data);
      setTimeout(() => { window.said = out; }, 100);
    };
    second.postMessage('second');
  };
  const buffer = new ArrayBuffer(8);
  worker.postMessage('hello');
  worker.postMessage({ buffer }, [buffer]);
  if (buffer.byteLength !== 0) out.push('not transferred');
  try { worker.postMessage(() => 1); } catch (error) { if (!error.message.includes("'Worker'")) out.push(error.message); }
  worker.postMessage('a port', { transfer: [port2] });
`;

const FILES = {
  '/use.html': '<!doctype html><script src="/use.js"></script>',
  '/use.js': USE,
  '/processor.js': PROCESSOR,
  '/echo.js': `
    self.onmessage = ({ data, ports }) => {
      if (data === 'close') self.close();
      else self.postMessage(data, [...ports]);
    };
  `,
  '/module.js': "self.addEventListener('message', ({ data }) => postMessage(data));",
  '/parent.js': `
    const child = new Worker('/echo.js', { name: 'child' });
    child.onmessage = ({ data, ports }) => postMessage(['parent', data], [...ports]);
    self.onmessage = ({ data, ports }) => child.postMessage(data, [...ports]);
    child.postMessage('from the top');
  `,
  '/speak.js': "postMessage('last words'); close();",
  '/throws.js': '\nthrow new Error("on load");',
  '/broadcast.js': `
    const channel = new BroadcastChannel('news');
    channel.onmessage = ({ data }) => { channel.postMessage({ heard: data }); };
    postMessage('ready');
  `,
};

let browser: PageBrowser;
beforeAll(async () => {
  browser = await launchPageBrowser({ files: FILES });
});
afterAll(() => browser?.close());

/** Runs `act` in a page and gives what was recorded of it. */
async function recordedOf(act: () => Promise<unknown>, path = '/?isolated'): Promise<Recorded> {
  const { page, recorded, close } = await browser.open(path);
  try {
    await page.evaluate(act);
    return await recorded();
  } finally {
    await close();
  }
}

/** The thread of worker number `worker` of thread `parent`. */
function threadOf(seen: Recorded, worker: number, parent = 0): number {
  const found = seen
    .of('workerThread')
    .find((each) => each.worker === worker && each.parent === parent);
  if (!found) throw new Error(`no thread of worker ${worker} of ${parent}`);
  return found.thread;
}

type Message = { readonly index: number; readonly seq: number };

/** What a thread sent or received by an end, whether it was told by a record or by a slot. */
function messages(
  { records, slots }: Recorded,
  kind: 'portSent' | 'portReceived',
  thread: number,
  end: number,
): readonly Message[] {
  const written = records.filter(
    (each): each is RecordOn & { record: typeof kind } =>
      each.record === kind && each.on === thread && each.end === end,
  );
  const short = slots.filter(
    (each) => each.op === kind && each.thread === thread && each.ordinal === end >> 1,
  );
  return [
    ...written.map(({ index, seq }) => ({ index, seq: seq % 2 ** 32 })),
    ...short.map(({ words: [seq, , index] }) => ({ index, seq: seq >>> 0 })),
  ].sort((a, b) => a.index - b.index);
}

const byThread = (records: readonly RecordOn[]): readonly RecordOn[] =>
  records.toSorted((a, b) => a.on - b.on);
const indices = (list: readonly Message[]): readonly number[] => list.map(({ index }) => index);
const counted = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);
const on = (thread: number) => (each: unknown) => (each as RecordOn).on === thread;

describe('workers are threads', () => {
  for (const [path, type] of [
    ['/echo.js', 'classic'],
    ['/module.js', 'module'],
  ] as const) {
    test(`of their own, with their messages both ways (${type})`, async () => {
      const { page, recorded, close } = await browser.open('/?isolated');
      await page.evaluate(
        async ([url, type]) => {
          const worker = new Worker(url, { type, name: 'speaker' });
          const heard = new Promise<void>((done) => {
            let count = 0;
            worker.onmessage = () => ++count === 3 && done();
          });
          for (let i = 0; i < 3; i++) worker.postMessage({ number: i });
          await heard;
        },
        [path, type] as const,
      );
      const seen = await recorded();
      await close();
      const [created] = seen.of('workerCreated');
      expect(created).toMatchObject({ worker: 1, name: 'speaker', type, entered: 'yes' });
      expect(created?.url).toBe(`${browser.origin}${path}`);
      expect(created?.stack).toContain('at ');
      const thread = threadOf(seen, 1);
      expect(seen.of('threadStarted')).toMatchObject([
        { kind: 'main' },
        { kind: 'worker', thread },
      ]);
      const states = seen.of('scopeState').filter(on(thread));
      expect(states.map(({ state }) => state)).toEqual(['started', 'evaluated']);
      expect(states[0]?.url).toBe(`${browser.origin}${path}`);
      const end = created?.end ?? 0;
      const sent = messages(seen, 'portSent', 0, end);
      const received = messages(seen, 'portReceived', thread, 1);
      expect(indices(sent)).toEqual([0, 1, 2]);
      expect(indices(received)).toEqual([0, 1, 2]);
      expect(indices(messages(seen, 'portSent', thread, 1))).toEqual([0, 1, 2]);
      expect(indices(messages(seen, 'portReceived', 0, end))).toEqual([0, 1, 2]);
      for (const [i, { seq }] of sent.entries()) expect(received[i]?.seq).toBeGreaterThan(seq);
      expect(created?.seq).toBeLessThan(states[0]?.seq ?? 0);
      const [preview] = seen.of('portReceived').filter(on(thread));
      expect(preview?.preview).toBe('{number: 0}');
      const listened = seen.of('endState').filter(on(thread));
      expect(listened).toMatchObject([{ end: 1, state: 'listened' }]);
      expect(listened[0]?.stack).toContain(path);
      expect(listened[0]?.stack).not.toMatch(/blob:|chrome-extension:/);
    });
  }

  test('made by workers too, also before the first has its passage', async () => {
    const seen = await recordedOf(async () => {
      const worker = new Worker('/parent.js');
      await new Promise<void>((done) => {
        worker.onmessage = ({ data }) => {
          if (data[1] === 'from the top') worker.postMessage('go on');
          if (data[1] === 'go on') done();
        };
      });
    });
    const parent = threadOf(seen, 1);
    const child = threadOf(seen, 1, parent);
    const [created] = seen.of('workerCreated').filter(on(parent));
    expect(created).toMatchObject({ worker: 1, name: 'child', entered: 'yes' });
    expect(
      seen
        .of('scopeState')
        .filter(on(child))
        .map(({ state }) => state),
    ).toEqual(['started', 'evaluated']);
    const end = created?.end ?? 0;
    expect(end % 2).toBe(1);
    expect(end).toBeGreaterThan(1);
    expect(indices(messages(seen, 'portSent', parent, end))).toEqual([0, 1]);
    expect(indices(messages(seen, 'portReceived', child, 1))).toEqual([0, 1]);
    expect(indices(messages(seen, 'portReceived', parent, end))).toEqual([0, 1]);
  });

  test('told as what they were: closed at once, terminated at once, not loaded, failed on load', async () => {
    const seen = await recordedOf(async () => {
      const speaks = new Worker('/speak.js');
      await new Promise((done) => {
        speaks.onmessage = done;
      });
      new Worker('/echo.js').terminate();
      const missing = new Worker('/missing.js');
      await new Promise((done) => {
        missing.onerror = done;
      });
      const throws = new Worker('/throws.js');
      await new Promise((done) => {
        throws.onerror = (event) => {
          event.preventDefault();
          done(undefined);
        };
      });
      const echo = new Worker('/echo.js');
      echo.postMessage('close');
      await new Promise((done) => setTimeout(done, 500));
    });
    const states = (worker: number): readonly string[] =>
      seen
        .of('scopeState')
        .filter(on(threadOf(seen, worker)))
        .map(({ state }) => state);
    expect(states(1)).toEqual(['started', 'closing']);
    expect(states(2)).toEqual([]);
    expect(states(4)).toEqual(['started', 'evaluated']);
    expect(states(5)).toEqual(['started', 'evaluated', 'closing']);
    expect(seen.of('workerEnded').map(({ worker, how }) => [worker, how])).toEqual([
      [2, 'terminated'],
      [3, 'not-loaded'],
      [4, 'error'],
    ]);
    expect(seen.of('workerEnded')[2]?.reason).toMatch(/on load \(.*throws.js:2\)$/);
    expect(indices(messages(seen, 'portSent', threadOf(seen, 1), 1))).toEqual([0]);
  });
});

describe('what messages carry', () => {
  test('ports keep their identity from page to worker to worklet', async () => {
    const seen = await recordedOf(async () => {
      const context = new AudioContext();
      await context.audioWorklet.addModule('/processor.js');
      const node = new AudioWorkletNode(context, 'hands');
      const worker = new Worker('/echo.js');
      const { port1, port2 } = new MessageChannel();
      worker.postMessage('there and back', [port2]);
      await new Promise<void>((done) => {
        worker.onmessage = ({ ports }) => {
          node.port.postMessage('take it', [...ports]);
          done();
        };
      });
      await new Promise<void>((done) => {
        port1.onmessage = ({ data }) => {
          if (data === 'from worklet') port1.postMessage('from page');
          else done();
        };
      });
    });
    const [channel] = seen.of('channelCreated');
    const worker = threadOf(seen, 1);
    const audio = seen.of('threadStarted').find(({ kind }) => kind === 'audio')?.thread ?? -1;
    const passed = byThread(seen.records.filter(({ record }) => record === 'passed'));
    const arrived = byThread(seen.records.filter(({ record }) => record === 'arrived'));
    const end = seen.of('workerCreated')[0]?.end;
    expect(passed).toMatchObject([
      { on: 0, end, message: 1, what: 'port', place: 0, local: channel?.second },
      { on: 0, end: 2, message: 1, what: 'port', place: 0 },
      { on: worker, end: 1, message: 1, what: 'port', place: 0 },
    ]);
    expect(arrived).toMatchObject([
      { on: 0, end, message: 1, what: 'port', place: 0 },
      { on: audio, end: 2, message: 1, what: 'port', place: 0 },
      { on: worker, end: 1, message: 1, what: 'port', place: 0 },
    ]);
    const local = (record: unknown): number => (record as { readonly local: number }).local;
    expect(local(passed[1])).toBe(local(arrived[0]));
    expect(local(passed[2])).toBe(local(arrived[2]));
    expect(indices(messages(seen, 'portSent', audio, local(arrived[1])))).toEqual([0, 1]);
    expect(indices(messages(seen, 'portReceived', 0, channel?.first ?? 0))).toEqual([0, 1]);
    expect(indices(messages(seen, 'portReceived', audio, local(arrived[1])))).toEqual([0]);
    const started = seen.of('endState').filter(({ state }) => state === 'started');
    expect(started.map(({ end }) => end)).toContain(channel?.first);
  });

  test('memory is one block in options, messages and workers of workers, whatever object stands for it', async () => {
    const seen = await recordedOf(async () => {
      const context = new AudioContext();
      await context.audioWorklet.addModule('/processor.js');
      const memory = new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true });
      const other = new SharedArrayBuffer(64);
      const cells = new Int32Array(memory.buffer);
      const node = new AudioWorkletNode(context, 'hands', {
        processorOptions: { nothing: new ArrayBuffer(8), other, cells },
      });
      const back = new Promise<Int32Array>((done) => {
        node.port.onmessage = ({ data }) => done(data.view);
      });
      memory.grow(1);
      node.port.postMessage({ list: [new Map([['key', other]])], memory });
      const worker = new Worker('/parent.js');
      const answer = new Promise<void>((done) => {
        worker.onmessage = ({ data }) => data[1]?.buffer && done();
      });
      worker.postMessage({ buffer: memory.buffer });
      await answer;
      return (await back).length;
    });
    const name = (record: unknown): string => {
      const { on, end, message, place, local } = record as RecordOn & {
        readonly end: number;
        readonly message: number;
        readonly place: number;
        readonly local: number;
      };
      return `${on}:${end} message ${message} place ${place} is ${local}`;
    };
    const worker = threadOf(seen, 1);
    const child = threadOf(seen, 1, worker);
    const audio = seen.of('threadStarted').find(({ kind }) => kind === 'audio')?.thread ?? -1;
    const end = seen.of('workerCreated').find(on(0))?.end;
    const inside = seen.of('workerCreated').find(on(worker))?.end;
    const carried = (record: 'passed' | 'arrived', thread: number): readonly string[] =>
      seen.records
        .filter((each) => each.record === record && each.on === thread)
        .filter((each) => 'what' in each && each.what === 'memory')
        .map(name);
    // The memory is 2 for the page, whichever of its buffers is meant; the other one is 1.
    expect(carried('passed', 0)).toEqual([
      '0:2 message 0 place 0 is 1',
      '0:2 message 0 place 1 is 2',
      '0:2 message 1 place 0 is 1',
      '0:2 message 1 place 1 is 2',
      `0:${end} message 1 place 0 is 2`,
    ]);
    expect(carried('arrived', audio)).toEqual([
      `${audio}:2 message 0 place 0 is 1`,
      `${audio}:2 message 0 place 1 is 2`,
      `${audio}:2 message 1 place 0 is 3`,
      `${audio}:2 message 1 place 1 is 4`,
    ]);
    expect(carried('passed', audio)).toEqual([`${audio}:2 message 1 place 0 is 4`]);
    expect(carried('arrived', worker)[0]).toBe(`${worker}:1 message 1 place 0 is 1`);
    expect(carried('passed', worker)[0]).toBe(`${worker}:${inside} message 2 place 0 is 1`);
    expect(carried('arrived', child)[0]).toBe(`${child}:1 message 2 place 0 is 1`);
    const kinds = seen.of('memorySeen').filter(on(0));
    expect(kinds.slice(0, 2).map(({ kind, bytes }) => [kind, bytes])).toEqual([
      ['shared', 64],
      ['wasm', 65_536],
    ]);
  });

  test('broadcasts are known again by their content', async () => {
    const seen = await recordedOf(async () => {
      const worker = new Worker('/broadcast.js');
      await new Promise((done) => {
        worker.onmessage = done;
      });
      const channel = new BroadcastChannel('news');
      const answer = new Promise((done) => {
        channel.onmessage = done;
      });
      // The browser may not know the worker's channel yet, though the worker has said that it has one.
      const news = (): void => channel.postMessage({ what: 'all is well', list: [1, 2] });
      news();
      const again = setInterval(news, 200);
      await answer;
      clearInterval(again);
    });
    const worker = threadOf(seen, 1);
    expect(seen.of('broadcastOpened')).toMatchObject([{ name: 'news' }, { name: 'news' }]);
    const [question, answer] = [0, worker].map(
      (thread) =>
        seen
          .of('portSent')
          .filter(on(thread))
          .find(({ hash }) => hash > 0)?.hash,
    );
    const heard = [worker, 0].map(
      (thread) =>
        seen
          .of('portReceived')
          .filter(on(thread))
          .find(({ hash }) => hash > 0)?.hash,
    );
    expect(question).not.toBe(answer);
    expect(heard).toEqual([question, answer]);
  });
});

test('ten thousand messages arrive once, in order, and are all told', async () => {
  const COUNT = 10_000;
  const seen = await recordedOf(async () => {
    const worker = new Worker('/echo.js');
    const { port1, port2 } = new MessageChannel();
    await new Promise((done) => setTimeout(done, 500));
    const heard = new Promise<number>((done, fail) => {
      let next = 0;
      worker.onmessage = ({ data }) => {
        if (data !== next) fail(new Error(`${data} where ${next} was due`));
        if (++next === 10_000) done(next);
      };
    });
    const through = new Promise<void>((done, fail) => {
      let next = 0;
      port2.onmessage = ({ data }) => {
        if (data.number !== next) fail(new Error(`${data.number} where ${next} was due`));
        if (++next === 10_000) done();
      };
    });
    for (let i = 0; i < 10_000; i++) {
      worker.postMessage(i);
      port1.postMessage({ number: i });
    }
    await heard;
    await through;
  });
  const worker = threadOf(seen, 1);
  const { end = 0 } = seen.of('workerCreated')[0] ?? {};
  const { first = 0, second = 0 } = seen.of('channelCreated')[0] ?? {};
  expect(indices(messages(seen, 'portSent', 0, end))).toEqual(counted(COUNT));
  expect(indices(messages(seen, 'portReceived', worker, 1))).toEqual(counted(COUNT));
  expect(indices(messages(seen, 'portSent', worker, 1))).toEqual(counted(COUNT));
  expect(indices(messages(seen, 'portReceived', 0, end))).toEqual(counted(COUNT));
  expect(indices(messages(seen, 'portSent', 0, first))).toEqual(counted(COUNT));
  expect(indices(messages(seen, 'portReceived', 0, second))).toEqual(counted(COUNT));
  expect(seen.lost).toBe(0);
});

describe('workers are left to themselves', () => {
  /** What the page’s own script, run by itself, has seen; see `USE`. */
  const used = async (policy: string): Promise<{ said: readonly string[]; seen: Recorded }> => {
    const path = `/use.html?isolated&policy=${encodeURIComponent(policy)}`;
    const { page, recorded, close } = await browser.open(path);
    await page.waitForFunction(() => 'said' in globalThis);
    const said = await page.evaluate(() => (globalThis as unknown as { said: string[] }).said);
    const seen = await recorded();
    await close();
    return { said, seen };
  };
  const HEARD = ['0 "hello"', '0 {"buffer":{}}', '1 "a port"', 'closed over', 'second'];

  for (const policy of ["script-src 'self'", "default-src 'self'", "script-src 'self' 'nonce-x'"]) {
    test(`under a content security policy (${policy})`, async () => {
      const { said, seen } = await used(policy);
      expect(said).toEqual(HEARD);
      expect(seen.of('workerCreated').map(({ entered }) => entered)).toEqual([
        'forbidden',
        'forbidden',
      ]);
      expect(seen.of('workerThread')).toEqual([]);
      expect(seen.of('uncovered')).toHaveLength(1);
      const end = seen.of('workerCreated')[0]?.end ?? 0;
      expect(indices(messages(seen, 'portReceived', 0, end))).toEqual([0, 1, 2]);
    });
  }

  for (const policy of ["worker-src 'self'", "script-src 'self' 'unsafe-eval'"]) {
    test(`once a policy has refused ours that did not show before (${policy})`, async () => {
      const { said, seen } = await used(policy);
      expect(said).toEqual(HEARD);
      expect(seen.of('workerCreated').map(({ entered }) => entered)).toEqual(['yes', 'forbidden']);
      expect(seen.of('scopeState')).toEqual([]);
      expect(seen.of('uncovered')).toHaveLength(1);
      const end = seen.of('workerCreated')[0]?.end ?? 0;
      expect(indices(messages(seen, 'portSent', 0, end))).toEqual([0, 1, 2]);
      expect(indices(messages(seen, 'portReceived', 0, end))).toEqual([0, 1, 2]);
    });
  }

  test('but not where there is none: the same page without a policy', async () => {
    const { said, seen } = await used('');
    expect(said).toEqual(HEARD);
    expect(seen.of('workerCreated').map(({ entered }) => entered)).toEqual(['yes', 'yes']);
    expect(seen.of('workerThread')).toHaveLength(2);
  });

  test('where a page has no audio and shares no memory: then nothing is told at all', async () => {
    const { page, recorded, close } = await browser.open('/?plain');
    await page.evaluate(async () => {
      const worker = new Worker('/echo.js');
      worker.postMessage('hello');
      await new Promise((done) => {
        worker.onmessage = done;
      });
      new MessageChannel().port1.postMessage('to nobody');
    });
    const seen = await recorded();
    await close();
    expect(seen.records).toEqual([]);
  });

  test('unless it has made a context: workers from before stay untouched', async () => {
    const seen = await recordedOf(async () => {
      const early = new Worker('/echo.js');
      new AudioContext();
      const late = new Worker('/echo.js');
      for (const worker of [early, late]) {
        worker.postMessage('hello');
        await new Promise((done) => {
          worker.onmessage = done;
        });
      }
    }, '/?plain');
    expect(seen.of('workerCreated').map(({ entered }) => entered)).toEqual(['not-isolated', 'yes']);
    const thread = threadOf(seen, 2);
    expect(
      seen
        .of('scopeState')
        .filter(on(thread))
        .map(({ state }) => state),
    ).toEqual(['started', 'evaluated']);
    expect(indices(messages(seen, 'portReceived', thread, 1))).toEqual([0]);
  });

  test('where their script is not of the page’s origin', async () => {
    const seen = await recordedOf(async () => {
      const worker = new Worker('data:text/javascript,postMessage(location.protocol)');
      await new Promise((done) => {
        worker.onmessage = done;
      });
    });
    expect(seen.of('workerCreated')).toMatchObject([{ entered: 'foreign' }]);
  });
});
