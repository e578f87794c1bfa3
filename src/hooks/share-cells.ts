import { IntrinsicSharedArrayBuffer } from '../base/intrinsics.ts';
import * as LIMITS from '../shared/limits.ts';
import type { SharedCells } from '../shared/passage.ts';
import { CONTROL_WORDS, SLOT_BYTES } from '../shared/slots.ts';

/** What one more thread shares with the page; undefined where nothing can be shared. */
export function shareCells(
  order: SharedArrayBuffer | undefined,
  hasRing = true,
): SharedCells | undefined {
  return (
    order && {
      order,
      control: new IntrinsicSharedArrayBuffer(CONTROL_WORDS * 4),
      ring: hasRing ? new IntrinsicSharedArrayBuffer(LIMITS.ringSlots * SLOT_BYTES) : undefined,
    }
  );
}
