import { randomBytes } from 'node:crypto';
import { type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { type Browser, type ConnectOverCDPTransport, chromium } from 'playwright-core';

const FINAL_TEXT = 0x81;
const MASKED = 0x80;
const LENGTH = 0x7f;
const TWO_BYTES = 126;
const EIGHT_BYTES = 127;

/**
 * Connects to the browser whose debugging port this is. Playwright's own WebSocket offers to compress, and the browser
 * then does so with each of its messages: between processes of one machine that costs more than it saves.
 */
export async function connect(endpoint: string, timeoutMs: number): Promise<Browser> {
  const timeout = timeoutMs;
  return chromium.connectOverCDP(await connectDebuggingSocket(endpoint, timeout), { timeout });
}

/** A WebSocket without compression. */
export async function connectDebuggingSocket(
  endpoint: string,
  timeoutMs: number,
): Promise<ConnectOverCDPTransport> {
  const { socket, head } = await upgrade(endpoint, timeoutMs);
  const transport: ConnectOverCDPTransport = {
    send: (message) => {
      socket.write(encodeFrame(JSON.stringify(message)));
    },
    close: () => {
      socket.destroy();
    },
  };
  // One task for each message, as Playwright expects.
  const onText = (text: string): void => {
    setImmediate(() => transport.onmessage?.(JSON.parse(text)));
  };
  socket.setNoDelay(true);
  socket.on('error', () => undefined); // What follows is `close`.
  socket.on('close', () => setImmediate(() => transport.onclose?.()));
  socket.on('data', frameReader(onText));
  if (head.length > 0) socket.unshift(head);
  return transport;
}

interface Upgraded {
  readonly socket: Socket;
  /** What came right behind the answer. */
  readonly head: Buffer;
}

function upgrade(endpoint: string, timeoutMs: number): Promise<Upgraded> {
  const { hostname, port, pathname } = new URL(endpoint);
  return new Promise((done, failed) => {
    const asked = request({
      host: hostname,
      port,
      path: pathname,
      agent: false,
      timeout: timeoutMs,
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      },
    });
    asked.once('upgrade', (_answer: IncomingMessage, socket: Socket, head: Buffer) => {
      socket.setTimeout(0);
      done({ socket, head });
    });
    asked.once('response', ({ statusCode }) => {
      asked.destroy(new Error(`the debugging port answered ${statusCode}`));
    });
    asked.once('timeout', () => asked.destroy(new Error('the debugging port does not answer')));
    asked.once('error', failed);
    asked.end();
  });
}

/** Takes bytes as they come. The browser puts each message into one frame, and sends no other frames but to close. */
function frameReader(onText: (text: string) => void): (bytes: Buffer) => void {
  let parts: Buffer[] = [];
  let have = 0;
  let need = 0;
  return (part) => {
    parts.push(part);
    have += part.length;
    if (have < need) return;
    let bytes = Buffer.concat(parts, have);
    for (;;) {
      const start = payloadStart(bytes);
      need = start > bytes.length ? start : start + payloadLength(bytes);
      if (bytes.length < need) break;
      if (bytes[0] === FINAL_TEXT) onText(bytes.toString('utf8', start, need));
      bytes = bytes.subarray(need);
    }
    parts = [bytes];
    have = bytes.length;
  };
}

function payloadStart(frame: Buffer): number {
  switch ((frame[1] ?? 0) & LENGTH) {
    case TWO_BYTES:
      return 4;
    case EIGHT_BYTES:
      return 10;
    default:
      return 2;
  }
}

function payloadLength(frame: Buffer): number {
  const short = (frame[1] ?? 0) & LENGTH;
  if (short === TWO_BYTES) return frame.readUInt16BE(2);
  if (short === EIGHT_BYTES) return Number(frame.readBigUInt64BE(2));
  return short;
}

/** What a client says must be masked: with zeros it stays as it is. */
function encodeFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const extra = length < TWO_BYTES ? 0 : length < 2 ** 16 ? 2 : 8;
  const frame = Buffer.alloc(2 + extra + 4 + length);
  frame[0] = FINAL_TEXT;
  if (extra === 0) frame[1] = MASKED | length;
  if (extra === 2) {
    frame[1] = MASKED | TWO_BYTES;
    frame.writeUInt16BE(length, 2);
  }
  if (extra === 8) {
    frame[1] = MASKED | EIGHT_BYTES;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.write(text, 2 + extra + 4);
  return frame;
}
