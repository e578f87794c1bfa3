import { err, ok, type Result } from '../base/result.ts';
import * as LIMITS from './limits.ts';
import { SLOT, SLOT_BYTES, SLOT_WORDS } from './slots.ts';

const KNOWN: readonly number[] = Object.values(SLOT);

/** Checks a chunk of form `slots` and gives its words, without copying where it is aligned. */
export function parseSlots(bytes: Uint8Array<ArrayBuffer>): Result<Int32Array<ArrayBuffer>> {
  if (bytes.byteLength > LIMITS.chunkBytes) return err(`chunk of ${bytes.byteLength} bytes`);
  if (bytes.byteLength % SLOT_BYTES !== 0) return err('not a whole number of slots');
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const words = new Int32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
  for (let i = 0; i < words.length; i += SLOT_WORDS) {
    const op = (words[i] as number) & 0xff;
    if (!KNOWN.includes(op)) return err(`unknown slot ${op} at byte ${i * 4}`);
    if (op === SLOT.processEnd && ((words[i - SLOT_WORDS] ?? 0) & 0xff) !== SLOT.processWide) {
      return err(`slot end without its beginning at byte ${i * 4}`);
    }
    if (op === SLOT.atomicEnd && ((words[i - SLOT_WORDS] ?? 0) & 0xff) !== SLOT.atomic) {
      return err(`slot end without its beginning at byte ${i * 4}`);
    }
  }
  return ok(words);
}
