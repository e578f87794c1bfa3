import {
  charCodeAt,
  fromCharCode,
  IntrinsicMap,
  lengthOf,
  mapDelete,
  mapForEach,
  mapGet,
  mapSet,
  mapSize,
} from '../../base/intrinsics.ts';
import * as LIMITS from '../../shared/limits.ts';

/** What the handle of a fetch says when its request has ended. */
export interface EndedFetch {
  /** 0: none was given, and `emscripten_fetch_close()` will have none of it. */
  readonly id: number;
  /** Of HTTP, or what stands for it. */
  readonly status: number;
  /** What was loaded, in bytes. */
  readonly bytes: number;
  readonly url: string;
}

/** Where an `emscripten_fetch_t` of 32-bit builds keeps what is looked at, and how large those are that were seen. */
const HANDLE = {
  id: 0,
  url: 8,
  bytes: 16,
  readyState: 40,
  status: 42,
  statusText: 44,
  statusTextEnd: 108,
  method: 112,
  methodEnd: 144,
  smallest: 192,
  largest: 256,
} as const;
const DONE = 4;
/** `EMSCRIPTEN_RESULT_INVALID_PARAM` */
const REFUSED = -5;
/** Handles of one heap that are watched at a time. */
const WATCHED = 256;
/** A handle is filled in the task that allocates it: what is none at the second look will be none. */
const LOOKS = 2;

/**
 * The handles of Emscripten's Fetch in one heap, known by what is written in them: no function of the program needs to be
 * found for that.
 */
export class FetchHandles {
  /** Blocks that may be one, and how often each was found to be none. */
  readonly #watched = new IntrinsicMap<number, number>();

  /** A block was handed out. */
  handedOut(address: number, size: number): void {
    if (size < HANDLE.smallest || size > HANDLE.largest) return;
    if (mapSize(this.#watched) < WATCHED) mapSet(this.#watched, address, 0);
  }

  get isWatching(): boolean {
    return mapSize(this.#watched) > 0;
  }

  /** Tells of those whose request has ended; `isBlock` says where living blocks begin. */
  look(
    memory: Uint8Array,
    isBlock: (address: number) => boolean,
    ended: (address: number, fetch: EndedFetch) => void,
  ): void {
    mapForEach(this.#watched, (looks, address) => {
      const isHandle = isBlock(address) && looksLikeHandle(memory, address, isBlock);
      if (!isHandle) {
        if (looks + 1 < LOOKS && isBlock(address)) mapSet(this.#watched, address, looks + 1);
        else mapDelete(this.#watched, address);
      } else if (u16(memory, address + HANDLE.readyState) === DONE) {
        mapDelete(this.#watched, address);
        ended(address, fetchAt(memory, address));
      }
    });
  }

  /**
   * What looks like `emscripten_fetch_close()` gave `result`. Undefined where it has closed something; else what the handle
   * says, and whether that was told.
   */
  refused(
    memory: Uint8Array,
    isBlock: (address: number) => boolean,
    address: number,
    result: number,
  ): { readonly fetch: EndedFetch; readonly isTold: boolean } | undefined {
    if (result !== REFUSED || !isBlock(address)) return undefined;
    if (!looksLikeHandle(memory, address, isBlock)) return undefined;
    const isTold = mapGet(this.#watched, address) === undefined;
    mapDelete(this.#watched, address);
    return { fetch: fetchAt(memory, address), isTold };
  }
}

function fetchAt(memory: Uint8Array, address: number): EndedFetch {
  const url = u32(memory, address + HANDLE.url);
  return {
    id: u32(memory, address + HANDLE.id),
    status: u16(memory, address + HANDLE.status),
    bytes: u32(memory, address + HANDLE.bytes),
    url: textIn(memory, url, url + LIMITS.textUnits) ?? '',
  };
}

/** A state that XMLHttpRequest has, a URL in a block of its own, and the texts that belong there. */
function looksLikeHandle(
  memory: Uint8Array,
  address: number,
  isBlock: (address: number) => boolean,
): boolean {
  if (address + HANDLE.smallest > lengthOf(memory)) return false;
  const url = u32(memory, address + HANDLE.url);
  const method = textIn(memory, address + HANDLE.method, address + HANDLE.methodEnd);
  const status = textIn(memory, address + HANDLE.statusText, address + HANDLE.statusTextEnd);
  return (
    u16(memory, address + HANDLE.readyState) <= DONE &&
    method !== undefined &&
    status !== undefined &&
    (method !== '' ? isMethod(method) : status !== '') &&
    isBlock(url) &&
    (textIn(memory, url, url + LIMITS.textUnits) ?? '') !== ''
  );
}

function isMethod(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const letter = charCodeAt(text, i);
    if ((letter < 0x41 || letter > 0x5a) && letter !== 0x5f) return false;
  }
  return true;
}

/** Characters up to a NUL before `end`; undefined where there is anything else. */
function textIn(memory: Uint8Array, from: number, end: number): string | undefined {
  let text = '';
  for (let at = from; at < end; at++) {
    const byte = memory[at];
    if (byte === 0) return text;
    if (byte === undefined || byte < 0x20 || byte === 0x7f) return undefined;
    text += fromCharCode(byte);
  }
  return undefined;
}

function u16(memory: Uint8Array, at: number): number {
  return (memory[at] as number) | ((memory[at + 1] as number) << 8);
}

function u32(memory: Uint8Array, at: number): number {
  return (u16(memory, at) | (u16(memory, at + 2) << 16)) >>> 0;
}
