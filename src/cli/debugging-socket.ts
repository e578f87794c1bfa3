import { once } from 'node:events';
import { type Browser, type ConnectOverCDPTransport, chromium } from 'playwright-core';
import { WebSocket } from 'ws';

/** What Playwright itself takes. */
const MOST_BYTES = 256 * 1024 * 1024;

/**
 * Connects to the browser whose debugging port this is. Playwright's own WebSocket offers to compress, and the browser
 * then does so with each of its messages: between processes of one machine that costs more than it saves.
 */
export async function connect(endpoint: string, timeoutMs: number): Promise<Browser> {
  const timeout = timeoutMs;
  return chromium.connectOverCDP(await connectDebuggingSocket(endpoint, timeout), { timeout });
}

/** A WebSocket without compression. Rejects where there is none to be had within the time. */
export async function connectDebuggingSocket(
  endpoint: string,
  timeoutMs: number,
): Promise<ConnectOverCDPTransport> {
  const socket = new WebSocket(endpoint, {
    perMessageDeflate: false,
    maxPayload: MOST_BYTES,
    handshakeTimeout: timeoutMs,
    // One task for each message, as Playwright expects.
    allowSynchronousEvents: false,
  });
  const transport: ConnectOverCDPTransport = {
    send: (message) => socket.send(JSON.stringify(message)),
    close: () => socket.close(),
  };
  socket.on('message', (data) => transport.onmessage?.(JSON.parse(`${data}`)));
  await once(socket, 'open');
  socket.on('error', () => undefined); // What follows is `close`.
  socket.on('close', () => transport.onclose?.());
  return transport;
}
