import { mapGet, mapSet } from '../../base/intrinsics.ts';
import * as LIMITS from '../../shared/limits.ts';
import type { BlockId } from '../../shared/units.ts';
import type { Block, FoundBlock, Heap, ToldBlock } from './heap.ts';
import type { HeapHost } from './heap-host.ts';
import { BLOCK } from './heap-map.ts';

/** Tells of blocks that somebody needs to know of: each once, with all that this thread knows of it. */
export class ToldBlocks {
  readonly #host: HeapHost;
  #misfrees = 0;

  constructor(host: HeapHost) {
    this.#host = host;
  }

  /** The block of this thread that began at `offset` last. */
  own(heap: Heap, offset: number | undefined): ToldBlock | undefined {
    const block = offset === undefined ? undefined : mapGet(heap.blocks, offset);
    return block && this.tell(heap, block, offset as number);
  }

  /** The living block of another thread that begins at `offset`. */
  others({ joint, found, memory }: Heap, offset: number): FoundBlock | undefined {
    const state = joint?.look(offset) ?? 0;
    if (!joint || !memory || (state & BLOCK.live) === 0 || joint.isOwn(state)) return undefined;
    const known = state & BLOCK.told ? mapGet(found, offset) : undefined;
    const numbers = known ?? this.#host.number(memory);
    if (known || !numbers) return known;
    const block = { ...numbers, offset };
    mapSet(found, offset, block);
    this.#host.found(block);
    joint.tell(offset);
    return block;
  }

  tell(
    { memory, joint }: Heap,
    block: Block,
    offset: number,
    isLive = block.freedSeq === 0,
  ): ToldBlock | undefined {
    const numbers = block.told || !memory ? undefined : this.#host.number(memory);
    if (!numbers) return block.told;
    const { by, size, stack, seq, at } = block;
    block.told = { ...numbers, offset, length: size, by, stack, seq, at };
    this.#host.told(block.told);
    if (isLive) joint?.tell(offset);
    return block.told;
  }

  /** Of a block that this thread may have given back, that too. */
  tellOver(heap: Heap, block: Block, offset: number): ToldBlock | undefined {
    const isNew = !block.told;
    const told = this.tell(heap, block, offset);
    if (isNew && told && block.freedSeq !== 0) {
      this.#host.freed(told, block.freedSeq, block.freedAt, block.freedStack);
    }
    return told;
  }

  /** Something is freed, or moved, that is no block; `was` is what `giveBack` gave. */
  misfreed(heap: Heap, offset: number, was: number, stackOf: () => string): void {
    const { memory, isReliable } = heap;
    if (was < 0 || !memory || !isReliable || this.#misfrees++ >= LIMITS.misfrees) return;
    const host = this.#host;
    const block = was & BLOCK.known ? heap.own(offset, was) : undefined;
    const told = block && this.tellOver(heap, block, offset);
    const what = was & BLOCK.known ? 'double' : 'invalid';
    const id = told?.block ?? (0 as BlockId);
    host.misfreed({ what, block: id, memory, offset }, host.next(), stackOf());
  }

  /** Those whose fetches have ended. */
  lookAtFetches(heap: Heap): void {
    const { memory, fetches, startsAt } = heap;
    const bytes = memory && fetches.isWatching ? this.#host.bytesIn(memory) : undefined;
    if (!bytes) return;
    fetches.look(bytes, startsAt, (address, fetch) => {
      const block = this.own(heap, address);
      if (block) this.#host.fetchEnded(block, fetch);
    });
  }

  /** What looks like `emscripten_fetch_close()` has given `result`. */
  closedFetch(heap: Heap, address: number, result: number, stackOf: () => string): void {
    const { memory, fetches, startsAt } = heap;
    const bytes = memory && startsAt(address) ? this.#host.bytesIn(memory) : undefined;
    const refused = bytes && fetches.refused(bytes, startsAt, address, result);
    const block = refused && this.own(heap, address);
    if (!block) return;
    if (!refused.isTold) this.#host.fetchEnded(block, refused.fetch);
    this.#host.fetchRefused(block, stackOf());
  }
}
