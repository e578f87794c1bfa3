import type { Runtime } from 'webextension-polyfill';
import { LIMITS } from '../shared/limits.ts';
import {
  type Command,
  FRAME_PORT,
  type FrameEnvelope,
  type FrameMessage,
  type PageMessage,
} from '../shared/messages.ts';
import { parseIntake } from './intake.ts';

const RECONNECT_FIRST_MS = 100;
const RECONNECT_MAX_MS = 5000;
const REFUSED_EVERY_MS = 500;
const RESEND_WITHIN_MS = 2000;
const FAULTS_KEPT = 8;
/** A page that goes away sends all that it has at once; more than that it cannot have. */
const MAX_BYTES_IN_FLIGHT =
  LIMITS.historyRecordBytes + LIMITS.historySlotBytes + LIMITS.chunksInFlight * LIMITS.chunkBytes;

export interface RelayOptions {
  /** The port that the page's script handed over; undefined when it never came. */
  readonly pagePort: MessagePort | undefined;
  /** Opens a runtime port; throws once the extension is gone. */
  readonly connect: (name: string) => Runtime.Port;
}

/**
 * Passes messages between the page's script and the background, and parses every one of the page's.
 * Holds no records: while nobody watches, the page keeps its own history, and what arrives is dropped.
 *
 * The runtime port is opened when the page first has something to say beyond `hello`, and when woken;
 * again after it broke, but only while somebody was watching, so that an idle background may sleep.
 */
export class Relay implements Disposable {
  readonly #options: RelayOptions;
  readonly #document = randomName();
  #runtimePort: Runtime.Port | undefined;
  #hello: FrameMessage | undefined;
  #announced = false;
  #watched = false;
  #reconnectMs = RECONNECT_FIRST_MS;
  #reconnect: ReturnType<typeof setTimeout> | undefined;
  /** Chunks passed on and not yet acknowledged. */
  readonly #inFlight: { readonly number: number; readonly bytes: number }[] = [];
  #bytesInFlight = 0;
  #highest = 0;
  /** After a `watch` for older chunks: numbers above this one are stale until the page has begun anew. */
  #resendFrom: { readonly highest: number; readonly until: number } | undefined;
  #refused = { count: 0, reason: '' };
  #refusedTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #faults: FrameMessage[] = [];

  constructor(options: RelayOptions) {
    this.#options = options;
    const { pagePort } = options;
    if (pagePort) pagePort.onmessage = (event) => this.#fromPage(event.data);
    else
      this.#hello = { kind: 'unreachable', reason: 'the recorder did not start in this document' };
  }

  /** A panel is there. */
  wake(): void {
    this.#connect();
  }

  /** Back from the back-forward cache, where the port was closed without a word. */
  thaw(): void {
    this.#runtimePort?.disconnect();
    this.#disconnected();
    if (this.#announced) this.#connect();
  }

  /** Leaves the page to itself. */
  [Symbol.dispose](): void {
    clearTimeout(this.#reconnect);
    clearTimeout(this.#refusedTimer);
    this.#runtimePort?.disconnect();
    this.#runtimePort = undefined;
    this.#toPage({ kind: 'unwatch' });
    this.#options.pagePort?.close();
  }

  #connect(): void {
    clearTimeout(this.#reconnect);
    if (this.#runtimePort) return;
    let port: Runtime.Port;
    try {
      port = this.#options.connect(FRAME_PORT);
    } catch {
      // The extension was updated or removed: this script is an orphan and will never be heard again.
      this[Symbol.dispose]();
      return;
    }
    this.#runtimePort = port;
    port.onMessage.addListener((message) => this.#fromBackground(message as Command));
    port.onDisconnect.addListener(() => {
      if (this.#runtimePort !== port) return;
      const again = this.#watched;
      this.#disconnected();
      if (again) this.#reconnectLater();
    });
    if (this.#hello) this.#toBackground(this.#hello);
  }

  #disconnected(): void {
    this.#runtimePort = undefined;
    this.#stopWatching();
  }

  #stopWatching(): void {
    if (this.#watched) this.#toPage({ kind: 'unwatch' });
    this.#watched = false;
    this.#arrived(Number.POSITIVE_INFINITY);
  }

  #reconnectLater(): void {
    this.#reconnect = setTimeout(() => this.#connect(), this.#reconnectMs);
    this.#reconnectMs = Math.min(this.#reconnectMs * 2, RECONNECT_MAX_MS);
  }

  #fromBackground(command: Command): void {
    switch (command.kind) {
      case 'watch':
        this.#watched = true;
        this.#reconnectMs = RECONNECT_FIRST_MS;
        this.#arrived(Number.POSITIVE_INFINITY);
        this.#resendFrom =
          command.from <= this.#highest
            ? { highest: this.#highest, until: performance.now() + RESEND_WITHIN_MS }
            : undefined;
        if (this.#hello) this.#toBackground(this.#hello);
        for (const fault of this.#faults.splice(0)) this.#toBackground(fault);
        this.#toPage(command);
        return;
      case 'unwatch':
        this.#stopWatching();
        return;
      case 'ack':
        this.#arrived(command.number);
        this.#toPage(command);
        return;
      default:
        this.#toPage(command);
    }
  }

  #fromPage(value: unknown): void {
    const parsed = parseIntake(value);
    if (!parsed.ok) {
      this.#refuse(parsed.error);
      this.#acknowledgeRefused(value);
      return;
    }
    const message = parsed.value;
    if (message.kind === 'hello' && !this.#hello) {
      this.#hello = message;
      this.#toBackground(message); // Woken before the page had spoken, it is connected already.
      return;
    }
    if (!this.#announced) {
      this.#announced = true;
      this.#connect();
    }
    if (message.kind === 'hello') return;
    if (this.#watched) this.#pass(message);
    else if (message.kind === 'fault' && this.#faults.length < FAULTS_KEPT) {
      this.#faults.push(message);
    }
  }

  #pass(message: PageMessage): void {
    if (message.kind === 'forgotten') this.#resendFrom = undefined;
    if (message.kind === 'chunk') {
      if (this.#isStale(message.number)) return;
      const bytes = message.bytes.byteLength;
      if (this.#bytesInFlight + bytes > MAX_BYTES_IN_FLIGHT) {
        this.#refuse('more chunks than were asked for');
        return;
      }
      this.#inFlight.push({ number: message.number, bytes });
      this.#bytesInFlight += bytes;
    }
    this.#toBackground(message);
  }

  #arrived(number: number): void {
    const stillOut = this.#inFlight.findIndex((each) => each.number > number);
    const arrived = this.#inFlight.splice(0, stillOut < 0 ? this.#inFlight.length : stillOut);
    for (const { bytes } of arrived) this.#bytesInFlight -= bytes;
  }

  /** A chunk that the page had sent before it heard the `watch` that asks for older ones again. */
  #isStale(number: number): boolean {
    const resend = this.#resendFrom;
    const stale =
      resend !== undefined && number > resend.highest && performance.now() < resend.until;
    if (!stale) this.#resendFrom = undefined;
    this.#highest = Math.max(this.#highest, number);
    return stale;
  }

  #refuse(reason: string): void {
    this.#refused = { count: this.#refused.count + 1, reason };
    this.#refusedTimer ??= setTimeout(() => {
      this.#refusedTimer = undefined;
      if (!this.#watched) return;
      this.#toBackground({ kind: 'refused', ...this.#refused });
      this.#refused = { count: 0, reason: '' };
    }, REFUSED_EVERY_MS);
  }

  /** A refused chunk is not on its way to anybody; the page must not wait for it. */
  #acknowledgeRefused(value: unknown): void {
    const number = (value as { readonly number?: unknown } | null)?.number;
    if (typeof number === 'number') this.#toPage({ kind: 'ack', number });
  }

  #toPage(command: Command): void {
    this.#options.pagePort?.postMessage(command);
  }

  #toBackground(message: FrameMessage): void {
    const envelope: FrameEnvelope = { document: this.#document, message };
    this.#runtimePort?.postMessage(envelope);
  }
}

/** `crypto.randomUUID` is missing where a page is not a secure context. */
function randomName(): string {
  const words = crypto.getRandomValues(new Uint32Array(4));
  return Array.from(words, (word) => word.toString(16).padStart(8, '0')).join('');
}
