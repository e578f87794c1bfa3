import browser, { type Runtime } from 'webextension-polyfill';
import * as LIMITS from '../shared/limits.ts';
import { type Command, type FromPanel, PANEL_PORT, type ToPanel } from '../shared/messages.ts';

const RECONNECT_FIRST_MS = 50;
const RECONNECT_MAX_MS = 2000;
/** A connection that lasted this long was a good one: the background merely went to sleep. */
const SETTLED_MS = 1000;
/** A document that has not come back by then went away while nobody could say so. */
const MISSING_MS = 10_000;
/** When to wake the documents of a tab that has navigated: its scripts may not run at once. */
const WAKE_AFTER_MS = [0, 200, 1000];

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
export function connectBridge(options: BridgeOptions): Bridge {
  return new PanelBridge(options);
}

class PanelBridge implements Bridge {
  readonly #options: BridgeOptions;
  /** Document → the highest chunk that has arrived; of the `LIMITS.documents` heard of last. */
  readonly #seen = new Map<string, number>();
  readonly #alive = new Set<string>();
  /** Documents that have not been heard of since the bridge reconnected. */
  #missing = new Set<string>();
  #port: Runtime.Port | undefined;
  #retryMs = RECONNECT_FIRST_MS;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #missed: ReturnType<typeof setTimeout> | undefined;
  readonly #navigated = (): void => {
    for (const ms of WAKE_AFTER_MS) setTimeout(() => this.#post({ kind: 'wake' }), ms);
  };

  constructor(options: BridgeOptions) {
    this.#options = options;
    browser.devtools.network.onNavigated.addListener(this.#navigated);
    this.#connect();
  }

  send(command: Command, document?: string): void {
    this.#post({ kind: 'command', command, ...(document === undefined ? {} : { document }) });
  }

  [Symbol.dispose](): void {
    browser.devtools.network.onNavigated.removeListener(this.#navigated);
    clearTimeout(this.#retry);
    clearTimeout(this.#missed);
    const port = this.#port;
    this.#port = undefined;
    port?.disconnect();
  }

  #connect(): void {
    const port = browser.runtime.connect({ name: PANEL_PORT });
    const openedAt = performance.now();
    this.#port = port;
    port.onMessage.addListener((message) => this.#receive(message as ToPanel));
    port.onDisconnect.addListener(() => {
      if (this.#port === port) this.#disconnected(performance.now() - openedAt);
    });
    const seen = [...this.#seen].map(([document, number]) => ({ document, number }));
    this.#post({ kind: 'attach', tabId: this.#options.tabId, seen });
    this.#options.onStatus('connected');
  }

  #disconnected(connectedMs: number): void {
    this.#port = undefined;
    if (connectedMs > SETTLED_MS) this.#retryMs = RECONNECT_FIRST_MS;
    this.#options.onStatus('reconnecting');
    this.#retry = setTimeout(() => this.#connect(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, RECONNECT_MAX_MS);
    this.#missing = new Set(this.#alive);
    clearTimeout(this.#missed);
    this.#missed = setTimeout(() => {
      for (const document of this.#missing) this.#receive({ kind: 'frame-gone', document });
    }, MISSING_MS);
  }

  #receive(message: ToPanel): void {
    this.#options.onMessage(message);
    if (message.kind === 'frame-gone') {
      this.#alive.delete(message.document);
      this.#missing.delete(message.document);
      return;
    }
    const { document } = message.origin;
    const said = message.message;
    this.#alive.add(document);
    this.#missing.delete(document);
    if (said.kind !== 'chunk') return;
    this.#note(document, said.number);
    this.send({ kind: 'ack', number: said.number }, document);
  }

  #note(document: string, number: number): void {
    const highest = Math.max(this.#seen.get(document) ?? 0, number);
    this.#seen.delete(document);
    this.#seen.set(document, highest);
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > LIMITS.documents && oldest !== undefined) this.#seen.delete(oldest);
  }

  #post(message: FromPanel): void {
    this.#port?.postMessage(message);
  }
}
