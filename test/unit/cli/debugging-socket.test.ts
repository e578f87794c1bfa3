import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { ConnectOverCDPTransport } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { connectDebuggingSocket } from '../../../src/cli/debugging-socket.ts';

const server = createServer();
let transport: ConnectOverCDPTransport | undefined;

afterEach(() => {
  transport?.close();
  server.removeAllListeners('upgrade');
  server.removeAllListeners('request');
  server.close();
});

async function endpoint(): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/devtools/browser/1`;
}

/** The browser's end, and all that the client hears. */
async function open(head: Buffer = Buffer.alloc(0)) {
  const asked = once(server, 'upgrade') as Promise<[IncomingMessage, Socket]>;
  const connecting = endpoint().then((url) => connectDebuggingSocket(url, 5000));
  const [request, browser] = await asked;
  browser.write(
    Buffer.concat([
      Buffer.from('HTTP/1.1 101 OK\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
      head,
    ]),
  );
  transport = await connecting;
  const heard: unknown[] = [];
  let closed = 0;
  transport.onmessage = (message) => heard.push(message);
  transport.onclose = () => {
    closed++;
  };
  return { transport, request, browser, heard, closed: () => closed };
}

/** As the browser frames a message: final, text, not masked. */
function framed(message: object): Buffer {
  const text = Buffer.from(JSON.stringify(message));
  const { length } = text;
  if (length < 126) return Buffer.concat([Buffer.from([0x81, length]), text]);
  if (length < 65_536) return Buffer.concat([Buffer.from([0x81, 126, length >> 8, length]), text]);
  const header = Buffer.from([0x81, 127, 0, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(length, 6);
  return Buffer.concat([header, text]);
}

/** `JSON.stringify` of it is so many bytes long. */
const ofBytes = (bytes: number): object => ({ x: 'ä'.repeat(40) + 'y'.repeat(bytes - 88) });

const SIZES = [125, 126, 127, 65_535, 65_536, 300_000];

test('it offers no compression', async () => {
  const { request } = await open();
  expect(request.headers).not.toHaveProperty('sec-websocket-extensions');
  expect(request.headers).toMatchObject({ 'sec-websocket-version': '13' });
  expect(request.url).toBe('/devtools/browser/1');
});

test('messages of every size arrive whole and in order, however they are cut', async () => {
  const messages = [{ id: 1 }, ...SIZES.map(ofBytes), { id: 2 }];
  const stream = Buffer.concat(messages.map(framed));
  for (const step of [7919, 65_536, stream.length]) {
    const { browser, heard, transport: mine } = await open();
    browser.setNoDelay(true);
    for (let at = 0; at < stream.length; at += step) {
      if (!browser.write(stream.subarray(at, at + step))) await once(browser, 'drain');
    }
    await expect.poll(() => heard.length).toBe(messages.length);
    expect(heard).toEqual(messages);
    mine.close();
    server.close();
  }
});

test('a message byte by byte, the first of them behind the answer', async () => {
  const bytes = framed(ofBytes(200));
  const { browser, heard } = await open(bytes.subarray(0, 1));
  browser.setNoDelay(true);
  for (const byte of bytes.subarray(1)) {
    browser.write(Buffer.from([byte]));
    await new Promise(setImmediate);
  }
  await expect.poll(() => heard).toEqual([ofBytes(200)]);
});

test.each(SIZES)('what is sent is masked, of %i bytes', async (bytes) => {
  const { browser, transport: mine } = await open();
  const header = bytes < 126 ? 6 : bytes < 65_536 ? 8 : 14;
  const parts: Buffer[] = [];
  browser.on('data', (part: Buffer) => parts.push(part));
  mine.send(ofBytes(bytes));
  await expect.poll(() => Buffer.concat(parts).length).toBe(header + bytes);
  const frame = Buffer.concat(parts);
  expect(frame[0]).toBe(0x81);
  expect((frame[1] ?? 0) >> 7).toBe(1);
  const length = (frame[1] ?? 0) & 0x7f;
  const long = length === 127 ? Number(frame.readBigUInt64BE(2)) : frame.readUInt16BE(2);
  expect(length < 126 ? length : long).toBe(bytes);
  expect(frame.subarray(header - 4, header)).toEqual(Buffer.alloc(4));
  expect(JSON.parse(frame.toString('utf8', header))).toEqual(ofBytes(bytes));
});

test('the end of either side is told once, after all that came before', async () => {
  const { browser, heard, closed } = await open();
  browser.write(framed({ id: 1 }));
  browser.end();
  await expect.poll(closed).toBe(1);
  expect(heard).toEqual([{ id: 1 }]);
  server.close();
  const again = await open();
  again.transport.close();
  await expect.poll(again.closed).toBe(1);
});

test('who is no browser is refused in words', async () => {
  server.on('request', (_request, answer) => answer.writeHead(404).end());
  const url = await endpoint();
  await expect(connectDebuggingSocket(url, 5000)).rejects.toThrow('answered 404');
  server.close();
  server.closeAllConnections();
  await expect(connectDebuggingSocket(url, 5000)).rejects.toThrow('ECONNREFUSED');
});

test('who says nothing is given up', async () => {
  server.on('upgrade', () => undefined);
  const url = await endpoint();
  await expect(connectDebuggingSocket(url, 50)).rejects.toThrow('does not answer');
  server.closeAllConnections();
});
