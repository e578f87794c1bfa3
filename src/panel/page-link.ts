import type { SessionInput } from '../analysis/session-input.ts';
import type { Command, FrameMessage, FrameOrigin, ToPanel } from '../shared/messages.ts';
import type { Settings } from '../shared/settings.ts';

export interface PageLinkOptions {
  readonly send: (command: Command, document?: string) => void;
  readonly ingest: (inputs: readonly SessionInput[], transfer: ArrayBuffer[]) => void;
  readonly settings: () => Settings;
  readonly onDocuments: (documents: ReadonlySet<string>) => void;
  readonly onUnreachable: (unreachable: ReadonlyMap<string, string>) => void;
  readonly onFault: (message: string) => void;
}

/**
 * Turns what the documents of the tab say into session inputs, without looking into a single
 * record, and keeps count of who is there.
 */
export class PageLink {
  readonly #options: PageLinkOptions;
  readonly #documents = new Set<string>();
  readonly #unreachable = new Map<string, string>();
  readonly #flushes = new Map<
    number,
    { readonly waiting: Set<string>; readonly done: () => void }
  >();
  readonly #arrivals = new Set<() => void>();
  #flushId = 0;

  constructor(options: PageLinkOptions) {
    this.#options = options;
  }

  receive(message: ToPanel): void {
    if (message.kind === 'frame-gone') {
      this.#forget(message.document);
      this.#options.ingest([{ kind: 'gone', document: message.document }], []);
      return;
    }
    this.#said(message.origin, message.message);
  }

  /**
   * Resolves true once every document has sent all it had recorded when asked. With no document yet
   * it waits for the first one.
   */
  async flush(timeoutMs: number): Promise<boolean> {
    const until = performance.now() + timeoutMs;
    if (this.#documents.size === 0 && this.#unreachable.size === 0) {
      if (!(await within(timeoutMs, this.#firstArrival()))) return false;
    }
    const id = ++this.#flushId;
    const waiting = new Set(this.#documents);
    if (waiting.size === 0) return true;
    const flushed = new Promise<void>((done) => {
      this.#flushes.set(id, { waiting, done });
    });
    for (const document of [...waiting]) this.#options.send({ kind: 'flush', id }, document);
    const complete = await within(until - performance.now(), flushed);
    this.#flushes.delete(id);
    return complete;
  }

  #firstArrival(): Promise<void> {
    return new Promise((arrived) => {
      this.#arrivals.add(arrived);
    });
  }

  #said(origin: FrameOrigin, message: FrameMessage): void {
    const { document } = origin;
    switch (message.kind) {
      case 'hello': {
        const { timeOrigin, isolated } = message;
        this.#options.ingest([{ kind: 'document', origin, timeOrigin, isolated }], []);
        this.#options.send({ kind: 'configure', settings: this.#options.settings() }, document);
        this.#documents.add(document);
        this.#options.onDocuments(new Set(this.#documents));
        for (const arrived of this.#arrivals) arrived();
        this.#arrivals.clear();
        return;
      }
      case 'chunk': {
        const { number, thread, form, bytes } = message;
        const chunk = { number, thread, form, bytes };
        this.#options.ingest([{ kind: 'chunk', document, chunk }], [bytes.buffer]);
        return;
      }
      case 'forgotten': {
        const { number, bytes } = message;
        this.#options.ingest([{ kind: 'forgotten', document, number, bytes }], []);
        return;
      }
      case 'refused': {
        const { count, reason } = message;
        this.#options.ingest([{ kind: 'refused', document, count, reason }], []);
        return;
      }
      case 'flushed':
        this.#flushed(message.id, document);
        return;
      case 'unreachable':
        this.#unreachable.set(document, message.reason);
        this.#options.onUnreachable(new Map(this.#unreachable));
        for (const arrived of this.#arrivals) arrived();
        this.#arrivals.clear();
        return;
      case 'fault':
        this.#options.onFault(`${origin.url}: ${message.message}`);
        return;
    }
  }

  #forget(document: string): void {
    this.#documents.delete(document);
    this.#options.onDocuments(new Set(this.#documents));
    if (this.#unreachable.delete(document)) {
      this.#options.onUnreachable(new Map(this.#unreachable));
    }
    for (const id of this.#flushes.keys()) this.#flushed(id, document);
  }

  #flushed(id: number, document: string): void {
    const flush = this.#flushes.get(id);
    if (flush === undefined) return;
    flush.waiting.delete(document);
    if (flush.waiting.size === 0) flush.done();
  }
}

/** False when `ms` passed first. */
function within(ms: number, promise: Promise<void>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), Math.max(0, ms));
    void promise.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
