import { err, ok, type Result } from '../base/result.ts';
import * as LIMITS from './limits.ts';
import { SLOT, SLOT_BYTES, SLOT_WORDS } from './slots.ts';

/** For each op the one that its slot must follow; 0 where any will do, undefined where no slot is known. */
const FOLLOWS: readonly (number | undefined)[] = follows();

/** Checks a chunk of form `slots` and gives its words, without copying where it is aligned. */
export function parseSlots(bytes: Uint8Array<ArrayBuffer>): Result<Int32Array<ArrayBuffer>> {
  if (bytes.byteLength > LIMITS.chunkBytes) return err(`chunk of ${bytes.byteLength} bytes`);
  if (bytes.byteLength % SLOT_BYTES !== 0) return err('not a whole number of slots');
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const words = new Int32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
  for (let i = 0, before = 0; i < words.length; i += SLOT_WORDS) {
    const op = (words[i] as number) & 0xff;
    const follows = FOLLOWS[op];
    if (follows === undefined) return err(`unknown slot ${op} at byte ${i * 4}`);
    if (follows !== 0 && follows !== before) {
      return err(`slot end without its beginning at byte ${i * 4}`);
    }
    before = op;
  }
  return ok(words);
}

function follows(): readonly (number | undefined)[] {
  const out: (number | undefined)[] = new Array(256).fill(undefined);
  for (const op of Object.values(SLOT)) out[op] = 0;
  out[SLOT.processEnd] = SLOT.processWide;
  out[SLOT.atomicEnd] = SLOT.atomic;
  return out;
}
