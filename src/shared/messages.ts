import { err, ok, type Result } from '../base/result.ts';
import * as LIMITS from './limits.ts';
import type { FieldsOf, RecordName } from './records.ts';
import type { Settings } from './settings.ts';
import type { Micros, Seq } from './units.ts';

/**
 * The control messages of every hop, one union and one `parse` a direction. Who may say what:
 *
 *   page (main world) ──PageMessage──▶ content script ──FrameMessage──▶ background ──▶ panel
 *   page (main world) ◀──Command────── content script ◀──Command────── background ◀── panel
 *
 * Nothing that comes from the page is trusted: past `parsePageMessage` nobody checks again, before
 * it nobody believes. The background adds `FrameOrigin`, which the page cannot forge.
 */
export const PROTOCOL_VERSION = 1;

/** A run of records of one thread, or of ring slots of one audio rendering thread. */
export interface Chunk {
  /** Counts the chunks of one document from 1, without holes unless the history was cut. */
  readonly number: number;
  readonly thread: number;
  readonly form: 'records' | 'slots';
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export type PageMessage =
  /**
   * Said before the first record. It makes the content script, which has known all this from the hand-shake and
   * kept silent, open its port to the background.
   */
  | {
      readonly kind: 'hello';
      readonly protocol: number;
      /** Microseconds since the Unix epoch at the document's time origin. */
      readonly timeOrigin: number;
      readonly isolated: boolean;
    }
  | ({ readonly kind: 'chunk' } & Chunk)
  /** The history no longer holds chunks below `number`. `bytes` leaves out what was cleared on demand. */
  | { readonly kind: 'forgotten'; readonly number: number; readonly bytes: number }
  /** Everything recorded before the command `flush` with this id has been sent. */
  | { readonly kind: 'flushed'; readonly id: number }
  /** Our own bug, caught at the realm's entry. */
  | { readonly kind: 'fault'; readonly message: string };

/** A record as it is before it is written. */
export interface EarlyRecord<N extends RecordName = RecordName> {
  readonly name: N;
  readonly seq: Seq;
  readonly at: Micros;
  readonly fields: FieldsOf<N>;
}

/**
 * The records of a document that goes away before it could write them. The content script makes them its
 * first chunk, so no other hop knows of this message.
 */
export interface EarlyMessage {
  readonly kind: 'early';
  readonly records: ReadonlyMap<number, EarlyRecord>;
}

/** What the panel asks of pages. */
export type Command =
  /** Send the history from chunk `from` on (1: all of it), then everything new. */
  | { readonly kind: 'watch'; readonly from: number }
  | { readonly kind: 'unwatch' }
  /** Chunks up to this number have arrived. */
  | { readonly kind: 'ack'; readonly number: number }
  | { readonly kind: 'flush'; readonly id: number }
  | { readonly kind: 'clear' }
  | { readonly kind: 'configure'; readonly settings: Settings };

/** Which document a message is from, as the browser (not the page) tells it. */
export interface FrameOrigin {
  /** Made by the content script, one a document; survives the back-forward cache. */
  readonly document: string;
  readonly frameId: number;
  /** −1 for the top document, else 0: without a permission the browser does not tell more. */
  readonly parentFrameId: number;
  readonly url: string;
}

/** What a content script says of its document; `chunk` and the rest were parsed already. */
export type FrameMessage =
  | PageMessage
  /** Messages of the page that were refused since the last such message. */
  | { readonly kind: 'refused'; readonly count: number; readonly reason: string }
  /** The document is still there but nothing can be recorded in it. */
  | { readonly kind: 'unreachable'; readonly reason: string };

/** content script → background, over the runtime port named `FRAME_PORT`. */
export interface FrameEnvelope {
  readonly document: string;
  readonly message: FrameMessage;
}

/** background → panel, over the runtime port named `PANEL_PORT`. */
export type ToPanel =
  | { readonly kind: 'frame'; readonly origin: FrameOrigin; readonly message: FrameMessage }
  /** The document's port closed: navigation, removal, back-forward cache or a crash. */
  | { readonly kind: 'frame-gone'; readonly document: string };

/** panel → background. The first message must be `attach`. */
export type FromPanel =
  | { readonly kind: 'attach'; readonly tabId: number; readonly seen: readonly SeenDocument[] }
  /** The tab has navigated: let its new documents connect, even those with nothing to say. */
  | { readonly kind: 'wake' }
  /** `document` undefined: every document of the tab. */
  | { readonly kind: 'command'; readonly document?: string; readonly command: Command };

/** How far a reconnecting panel has got, so that nothing is sent twice. */
export interface SeenDocument {
  readonly document: string;
  readonly number: number;
}

export const FRAME_PORT = 'lifeline-frame';
export const PANEL_PORT = 'lifeline-panel';
/** `tabs.sendMessage` to all content scripts of a tab: "a panel is there, connect". */
export const WAKE = 'lifeline-wake';
/** Event types of the hand-shake between our two scripts, before the page's first script. */
export const HANDSHAKE = {
  fromPage: 'worklet-lifeline:page',
  fromContent: 'worklet-lifeline:content',
} as const;

/** Reads what the page realm said. Accepts fields it knows and nothing else. */
export function parsePageMessage(value: unknown): Result<PageMessage> {
  if (!isRecord(value)) return err('not an object');
  switch (value['kind']) {
    case 'hello': {
      const { protocol, timeOrigin, isolated } = value;
      if (!isCount(protocol)) return err('hello: protocol');
      if (
        typeof timeOrigin !== 'number' ||
        !(timeOrigin >= 0) ||
        timeOrigin > Number.MAX_SAFE_INTEGER
      )
        return err('hello: timeOrigin');
      if (typeof isolated !== 'boolean') return err('hello: isolated');
      return ok({ kind: 'hello', protocol, timeOrigin, isolated });
    }
    case 'chunk': {
      const { number, thread, form, bytes } = value;
      if (!isCount(number) || number < 1) return err('chunk: number');
      if (!isCount(thread) || thread >= LIMITS.threads) return err('chunk: thread');
      if (form !== 'records' && form !== 'slots') return err('chunk: form');
      if (!isByteArray(bytes)) return err('chunk: bytes');
      const { byteLength } = bytes;
      if (byteLength === 0 || byteLength > LIMITS.chunkBytes)
        return err(`chunk: ${byteLength} bytes`);
      return ok({ kind: 'chunk', number, thread, form, bytes });
    }
    case 'forgotten': {
      const { number, bytes } = value;
      if (!isCount(number) || !isCount(bytes)) return err('forgotten');
      return ok({ kind: 'forgotten', number, bytes });
    }
    case 'flushed':
      return isCount(value['id']) ? ok({ kind: 'flushed', id: value['id'] }) : err('flushed: id');
    case 'fault': {
      const { message } = value;
      if (typeof message !== 'string') return err('fault: message');
      return ok({ kind: 'fault', message: message.slice(0, LIMITS.textUnits) });
    }
    default:
      return err('unknown kind');
  }
}

function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** By its tag, not by `instanceof`: in Firefox's isolated world page arrays are of another realm. */
function isByteArray(value: unknown): value is Uint8Array<ArrayBuffer> {
  return Object.prototype.toString.call(value) === '[object Uint8Array]';
}
