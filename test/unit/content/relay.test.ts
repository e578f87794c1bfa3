import { afterEach, expect, test } from 'vitest';
import type { Runtime } from 'webextension-polyfill';
import { Relay } from '../../../src/content/relay.ts';
import type { Command, FrameEnvelope, FrameMessage } from '../../../src/shared/messages.ts';
import { RecordWriter } from '../../../src/shared/record-codec.ts';

/** The background's end of a runtime port: what the browser would carry, without a browser. */
class Wire {
  readonly received: FrameEnvelope[] = [];
  readonly port: Runtime.Port;
  #hear: (command: Command) => void = () => undefined;
  #end: () => void = () => undefined;
  ended = false;

  constructor() {
    const port: Pick<Runtime.Port, 'name' | 'disconnect' | 'postMessage'> & {
      onMessage: object;
      onDisconnect: object;
    } = {
      name: 'wire',
      postMessage: (message: unknown) => {
        this.received.push(structuredClone(message) as FrameEnvelope);
      },
      disconnect: () => {
        this.ended = true;
      },
      onMessage: {
        addListener: (listener: (command: Command) => void) => {
          this.#hear = listener;
        },
      },
      onDisconnect: {
        addListener: (listener: () => void) => {
          this.#end = listener;
        },
      },
    };
    this.port = port as Runtime.Port;
  }

  get messages(): readonly FrameMessage[] {
    return this.received.map(({ message }) => message);
  }

  send(command: Command): void {
    this.#hear(command);
  }

  /** As when the background is stopped. */
  cut(): void {
    this.ended = true;
    this.#end();
  }
}

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

function start({ orphaned = () => false }: { orphaned?: () => boolean } = {}) {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  const wires: Wire[] = [];
  const commands: Command[] = [];
  port1.onmessage = ({ data }) => commands.push(data);
  const relay = new Relay({
    pagePort: port2,
    hello,
    connect: () => {
      if (orphaned()) throw new Error('Extension context invalidated.');
      const wire = new Wire();
      wires.push(wire);
      return wire.port;
    },
  });
  const say = (message: unknown) => port1.postMessage(message);
  return { relay, wires, commands, say };
}

const hello = { kind: 'hello', protocol: 1, timeOrigin: 1, isolated: true } as const;
const chunk = (number: number) => {
  const writer = new RecordWriter();
  writer.write('mark', 1, 10, { text: `${number}` });
  return { kind: 'chunk', number, thread: 0, form: 'records', bytes: writer.take() } as const;
};
const numbers = (wire: Wire | undefined): readonly number[] =>
  (wire?.messages ?? []).flatMap((each) => (each.kind === 'chunk' ? [each.number] : []));
const until = (probe: () => unknown) => expect.poll(probe, { timeout: 5000, interval: 5 });

test('stays silent until the page has something to say', async () => {
  const { wires, say } = start();
  await new Promise((done) => setTimeout(done, 50));
  expect(wires).toEqual([]);
  say(hello);
  await until(() => wires.length).toBe(1);
  expect(wires[0]?.messages).toEqual([hello]);
});

test('says hello for a page that is silent when a panel wakes it, and again to who watches', () => {
  const { relay, wires } = start();
  relay.wake();
  expect(wires[0]?.messages).toEqual([hello]);
  wires[0]?.send({ kind: 'watch', from: 1 });
  expect(wires[0]?.messages).toEqual([hello, hello]);
});

test('lets through what a page says before the watch that its connection calls for', async () => {
  const { wires, commands, say } = start();
  say(hello);
  say(chunk(1));
  await until(() => numbers(wires[0])).toEqual([1]);
  wires[0]?.send({ kind: 'watch', from: 2 });
  await until(() => commands).toEqual([{ kind: 'watch', from: 2 }]);
  say(chunk(2));
  await until(() => numbers(wires[0])).toEqual([1, 2]);
});

test('keeps a fault that nobody watches for whoever watches next', async () => {
  const { wires, say } = start();
  const fault = { kind: 'fault', message: 'it did not start' } as const;
  say(hello);
  say(fault);
  say(chunk(1));
  await until(() => numbers(wires[0])).toEqual([1]);
  expect(wires[0]?.messages).not.toContainEqual(fault);
  wires[0]?.send({ kind: 'watch', from: 2 });
  expect(wires[0]?.messages.filter(({ kind }) => kind === 'fault')).toEqual([fault]);
});

test('lets no chunk through once nobody watches any more', async () => {
  const { wires, commands, say } = start();
  say(hello);
  say(chunk(1));
  await until(() => numbers(wires[0])).toEqual([1]);
  wires[0]?.send({ kind: 'watch', from: 2 });
  wires[0]?.send({ kind: 'unwatch' });
  await until(() => commands.length).toBe(2);
  say(chunk(2));
  say({ kind: 'chunk', number: 9 }); // Refused, and acknowledged so that the page need not wait.
  await until(() => commands.at(-1)).toEqual({ kind: 'ack', number: 9 });
  wires[0]?.send({ kind: 'watch', from: 3 });
  say(chunk(3));
  await until(() => numbers(wires[0]).at(-1)).toBe(3);
  expect(numbers(wires[0])).not.toContain(2);
});

test('lets no newer chunk overtake those that are asked for again', async () => {
  const { wires, commands, say } = start();
  say(hello);
  await until(() => wires.length).toBe(1);
  const [wire] = wires;
  wire?.send({ kind: 'watch', from: 1 });
  for (const number of [1, 2, 3]) say(chunk(number));
  await until(() => numbers(wire)).toEqual([1, 2, 3]);
  // A second panel: the page sends chunk 4 before it hears of it.
  wire?.send({ kind: 'watch', from: 1 });
  say(chunk(4));
  await until(() => commands.filter(({ kind }) => kind === 'watch').length).toBe(2);
  for (const number of [1, 2, 3, 4, 5]) say(chunk(number));
  await until(() => numbers(wire)).toEqual([1, 2, 3, 1, 2, 3, 4, 5]);
});

test('counts what it refuses, says so, and keeps no page waiting for it', async () => {
  const { wires, commands, say } = start();
  say(hello);
  await until(() => wires.length).toBe(1);
  wires[0]?.send({ kind: 'watch', from: 1 });
  say({ ...chunk(1), bytes: new Uint8Array([255, 255]) });
  say({ kind: 'attach', tabId: 1 });
  say('markup');
  await until(() => wires[0]?.messages.filter(({ kind }) => kind === 'refused')).toEqual([
    { kind: 'refused', count: 3, reason: 'not an object' },
  ]);
  expect(commands).toContainEqual({ kind: 'ack', number: 1 });
  expect(numbers(wires[0])).toEqual([]);
});

test('connects again when it was watched, and says the same name', async () => {
  const { wires, commands, say } = start();
  say(hello);
  await until(() => wires.length).toBe(1);
  wires[0]?.send({ kind: 'watch', from: 1 });
  wires[0]?.cut();
  await until(() => wires.length).toBe(2);
  expect(new Set(wires.flatMap((wire) => wire.received.map((each) => each.document))).size).toBe(1);
  await until(() => commands.map(({ kind }) => kind)).toEqual(['watch', 'unwatch']);
});

test('lets the background sleep when nobody was watching', async () => {
  const { relay, wires, say } = start();
  say(hello);
  await until(() => wires.length).toBe(1);
  wires[0]?.cut();
  await new Promise((done) => setTimeout(done, 300));
  expect(wires).toHaveLength(1);
  relay.wake();
  expect(wires).toHaveLength(2);
});

test('takes up the document when it comes back from the back-forward cache', async () => {
  const { relay, wires, commands, say } = start();
  say(hello);
  await until(() => wires.length).toBe(1);
  wires[0]?.send({ kind: 'watch', from: 1 });
  say(chunk(1));
  await until(() => numbers(wires[0])).toEqual([1]);
  relay.thaw();
  expect(wires).toHaveLength(2);
  expect(wires[0]?.ended).toBe(true);
  wires[1]?.send({ kind: 'watch', from: 2 });
  await until(() => commands.map(({ kind }) => kind)).toEqual(['watch', 'unwatch', 'watch']);
  say(chunk(2));
  await until(() => numbers(wires[1])).toEqual([2]);
});

test('leaves the page to itself once its extension is gone', async () => {
  let updated = false;
  const { wires, commands, say } = start({ orphaned: () => updated });
  say(hello);
  await until(() => wires.length).toBe(1);
  wires[0]?.send({ kind: 'watch', from: 1 });
  updated = true;
  wires[0]?.cut();
  await until(() => commands.at(-1)).toEqual({ kind: 'unwatch' });
  say(chunk(1));
  await new Promise((done) => setTimeout(done, 300));
  expect(wires).toHaveLength(1);
});
