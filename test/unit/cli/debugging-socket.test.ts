import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { connectDebuggingSocket } from '../../../src/cli/debugging-socket.ts';

let server: WebSocketServer;
let endpoint: string;
beforeEach(async () => {
  // As the browser's debugging port does where it is asked to.
  server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: true });
  await once(server, 'listening');
  endpoint = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/devtools/browser/1`;
});
afterEach(() => server.close());

/** Both ends. */
async function open() {
  const connected = once(server, 'connection') as Promise<[WebSocket]>;
  const transport = await connectDebuggingSocket(endpoint, 5000);
  const [browser] = await connected;
  return { transport, browser };
}

test('nothing is compressed', async () => {
  const { transport, browser } = await open();
  expect(browser.extensions).toBe('');
  transport.close();
});

test('messages go both ways, whole and in order, each in a task of its own', async () => {
  const { transport, browser } = await open();
  const messages = [{ id: 1 }, { text: 'ä'.repeat(300_000) }, { id: 2 }, { id: 3 }];
  const heard: unknown[] = [];
  let tasks = 0;
  transport.onmessage = (message) => {
    heard.push(message);
    setImmediate(() => tasks++);
    expect(tasks).toBe(heard.length - 1);
  };
  for (const each of messages) browser.send(JSON.stringify(each));
  await expect.poll(() => heard.length).toBe(messages.length);
  expect(heard).toEqual(messages);

  const sent: unknown[] = [];
  browser.on('message', (data) => sent.push(JSON.parse(`${data}`)));
  for (const each of messages) transport.send(each);
  await expect.poll(() => sent.length).toBe(messages.length);
  expect(sent).toEqual(messages);
  transport.close();
});

test('that the browser is gone is said once', async () => {
  const { transport, browser } = await open();
  let closed = 0;
  transport.onclose = () => closed++;
  browser.terminate();
  await expect.poll(() => closed).toBe(1);
});

test('who does not answer, or not as a debugging port, is an error', async () => {
  server.close();
  await expect(connectDebuggingSocket(endpoint, 5000)).rejects.toThrow();
});
