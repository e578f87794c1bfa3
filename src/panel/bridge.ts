import browser, { type Runtime } from 'webextension-polyfill';
import { type Command, type FromPanel, PANEL_PORT, type ToPanel } from '../shared/messages.ts';

const RECONNECT_FIRST_MS = 50;
const RECONNECT_MAX_MS = 2000;
/** A connection that lasted this long was a good one: the background merely went to sleep. */
const SETTLED_MS = 1000;

export interface BridgeOptions {
  readonly tabId: number;
  /** A chunk is acknowledged when this has returned. */
  readonly onMessage: (message: ToPanel) => void;
  readonly onStatus: (status: 'connected' | 'reconnecting') => void;
}

export interface Bridge extends Disposable {
  /** `document` undefined: every document of the tab. Lost while reconnecting. */
  send(command: Command, document?: string): void;
}

/**
 * Connects a panel with the documents of a tab. The background may stop at any time: the bridge
 * connects again and tells how far it has got, so that documents go on from there. A chunk may
 * arrive twice, never out of order.
 */
export function connectBridge({ tabId, onMessage, onStatus }: BridgeOptions): Bridge {
  const seen = new Map<string, number>();
  let port: Runtime.Port | undefined;
  let retryMs = RECONNECT_FIRST_MS;
  let retry: ReturnType<typeof setTimeout> | undefined;

  const post = (message: FromPanel): void => port?.postMessage(message);

  const receive = (message: ToPanel): void => {
    onMessage(message);
    if (message.kind !== 'frame') return;
    const { document } = message.origin;
    const said = message.message;
    if (said.kind === 'forgotten') note(document, said.number - 1);
    if (said.kind !== 'chunk') return;
    note(document, said.number);
    post({ kind: 'command', document, command: { kind: 'ack', number: said.number } });
  };

  const note = (document: string, number: number): void => {
    seen.set(document, Math.max(seen.get(document) ?? 0, number));
  };

  const connect = (): void => {
    const opened = browser.runtime.connect({ name: PANEL_PORT });
    const openedAt = performance.now();
    port = opened;
    opened.onMessage.addListener((message) => receive(message as ToPanel));
    opened.onDisconnect.addListener(() => {
      if (port !== opened) return;
      port = undefined;
      if (performance.now() - openedAt > SETTLED_MS) retryMs = RECONNECT_FIRST_MS;
      onStatus('reconnecting');
      retry = setTimeout(connect, retryMs);
      retryMs = Math.min(retryMs * 2, RECONNECT_MAX_MS);
    });
    post({
      kind: 'attach',
      tabId,
      seen: [...seen].map(([document, number]) => ({ document, number })),
    });
    onStatus('connected');
  };

  connect();
  return {
    send(command, document) {
      post(
        document === undefined
          ? { kind: 'command', command }
          : { kind: 'command', document, command },
      );
    },
    [Symbol.dispose]() {
      clearTimeout(retry);
      const open = port;
      port = undefined;
      open?.disconnect();
    },
  };
}
