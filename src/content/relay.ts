import type { Runtime } from 'webextension-polyfill';
import * as LIMITS from '../shared/limits.ts';
import {
  type Command,
  FRAME_PORT,
  type FrameEnvelope,
  type FrameMessage,
  type PageMessage,
} from '../shared/messages.ts';
import { type Settings, settingsFor } from '../shared/settings.ts';
import { parseIntake } from './intake.ts';

const RECONNECT_FIRST_MS = 100;
const RECONNECT_MAX_MS = 5000;
const REFUSED_EVERY_MS = 500;
const RESEND_WITHIN_MS = 2000;
const ANSWER_MS = 2000;
/** A page that goes away sends all that it has at once; more than that it cannot have. */
const MAX_BYTES_IN_FLIGHT =
  LIMITS.historyRecordBytes + LIMITS.historySlotBytes + LIMITS.chunksInFlight * LIMITS.chunkBytes;

export interface RelayOptions {
  /** The port that the page's script handed over; undefined when it never came. */
  readonly pagePort: MessagePort | undefined;
  /** What the document is, or why nothing can be recorded in it. */
  readonly hello: FrameMessage;
  /** Opens a runtime port; throws once the extension is gone. */
  readonly connect: (name: string) => Runtime.Port;
}

/**
 * Passes messages between the page's script and the background, and parses every one of the page's.
 * Holds no records: while nobody watches, the page keeps its own history, and what arrives is dropped.
 *
 * The runtime port is opened when the page first has something to say, and when woken;
 * again after it broke, but only while somebody was watching, so that an idle background may sleep.
 */
export class Relay implements Disposable {
  readonly #options: RelayOptions;
  readonly #document = randomName();
  #runtimePort: Runtime.Port | undefined;
  #announced = false;
  #watched = false;
  /** Until then a page that goes away may have said more than was asked, and in good faith. */
  #answerBy = 0;
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
  #faultCount = 0;
  /** What the page has forgotten, told before its next chunk. */
  #forgotten: { readonly number: number; readonly bytes: number } | undefined;
  /** Flushes that the page has not answered. */
  #flushes = 0;

  constructor(options: RelayOptions) {
    this.#options = options;
    const { pagePort } = options;
    if (pagePort) pagePort.onmessage = (event) => this.#fromPage(event.data);
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

  configure(settings: Settings): void {
    this.#toPage({ kind: 'configure', settings });
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
    this.#answerBy = performance.now() + ANSWER_MS;
    port.onMessage.addListener((message) => this.#fromBackground(message as Command));
    port.onDisconnect.addListener(() => {
      if (this.#runtimePort !== port) return;
      const again = this.#watched;
      this.#disconnected();
      if (again) this.#reconnectLater();
    });
    this.#toBackground(this.#options.hello);
  }

  #disconnected(): void {
    this.#runtimePort = undefined;
    this.#stopWatching();
  }

  #stopWatching(): void {
    if (this.#watched) this.#toPage({ kind: 'unwatch' });
    this.#watched = false;
    this.#forgotten = undefined;
    this.#flushes = 0;
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
        this.#forgotten = undefined;
        this.#reconnectMs = RECONNECT_FIRST_MS;
        this.#arrived(Number.POSITIVE_INFINITY);
        this.#resendFrom =
          command.from <= this.#highest
            ? { highest: this.#highest, until: performance.now() + RESEND_WITHIN_MS }
            : undefined;
        this.#toBackground(this.#options.hello);
        for (const fault of this.#faults.splice(0)) this.#toBackground(fault);
        this.#tellRefused();
        this.#toPage(command);
        return;
      case 'unwatch':
        this.#answerBy = 0;
        this.#stopWatching();
        return;
      case 'ack':
        this.#arrived(command.number);
        this.#toPage(command);
        return;
      case 'flush':
        this.#flushes++;
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
    if (!this.#announced) {
      this.#announced = true;
      this.#connect();
    }
    if (message.kind === 'hello') return;
    if (message.kind === 'fault' && ++this.#faultCount > LIMITS.faults) {
      this.#refuse('too many faults');
    } else if (this.#watched) this.#pass(message);
    // Whoever watches next shall hear of it.
    else if (message.kind === 'fault') this.#faults.push(message);
    else if (performance.now() < this.#answerBy) this.#pass(message);
  }

  /** However fast a page talks, no more gets through than is asked for and acknowledged. */
  #pass(message: PageMessage): void {
    switch (message.kind) {
      case 'forgotten': {
        this.#resendFrom = undefined;
        const { number, bytes } = message;
        this.#forgotten = { number, bytes: bytes + (this.#forgotten?.bytes ?? 0) };
        return;
      }
      case 'flushed':
        if (this.#flushes === 0) {
          this.#refuse('an answer that nobody asked for');
          return;
        }
        this.#flushes--;
        break;
      case 'chunk': {
        if (this.#isStale(message.number)) return;
        const bytes = message.bytes.byteLength + LIMITS.chunkOverheadBytes;
        if (this.#bytesInFlight + bytes > MAX_BYTES_IN_FLIGHT) {
          this.#refuse('more chunks than were asked for');
          return;
        }
        this.#inFlight.push({ number: message.number, bytes });
        this.#bytesInFlight += bytes;
        break;
      }
      case 'hello':
      case 'fault':
        break;
    }
    if (this.#forgotten) this.#toBackground({ kind: 'forgotten', ...this.#forgotten });
    this.#forgotten = undefined;
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
      if (this.#watched) this.#tellRefused();
    }, REFUSED_EVERY_MS);
  }

  #tellRefused(): void {
    if (this.#refused.count === 0) return;
    this.#toBackground({ kind: 'refused', ...this.#refused });
    this.#refused = { count: 0, reason: '' };
  }

  /** A refused chunk is not on its way to anybody; the page must not wait for it. */
  #acknowledgeRefused(value: unknown): void {
    const number = (value as { readonly number?: unknown } | null)?.number;
    if (typeof number === 'number') this.#toPage({ kind: 'ack', number });
  }

  #toPage(command: Command): void {
    const said: Command =
      command.kind === 'configure'
        ? { ...command, settings: settingsFor(origin, command.settings) }
        : command;
    this.#options.pagePort?.postMessage(said);
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
