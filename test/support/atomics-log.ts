import { Patches } from '../../src/base/patch.ts';
import {
  type AtomicsObserver,
  type ModuleMemories,
  observeAtomics,
} from '../../src/hooks/atomics.ts';
import { SlotWriter } from '../../src/hooks/slot-writer.ts';
import { CONTROL_WORDS, SLOT_WORDS } from '../../src/shared/slots.ts';
import type { MemoryId } from '../../src/shared/units.ts';
import { type AtomicEntry, atomicsOf, lineOf } from './atomic-entries.ts';

export interface SeenCell {
  readonly cell: number;
  readonly memory: number;
  readonly offset: number;
  readonly width: number;
}

/** A thread whose atomic operations are recorded, in this realm. */
export class AtomicsLog implements Disposable {
  readonly order: Int32Array;
  readonly cells: SeenCell[] = [];
  readonly slots: SlotWriter;
  readonly patches = new Patches();
  readonly observer: AtomicsObserver;
  readonly memories: ModuleMemories;
  /** How far slots were published at the last time. */
  published = 0;
  asked = 0;
  readonly #words: Int32Array;
  readonly #shared = new Map<object, number>();

  constructor({
    order = new Int32Array(new SharedArrayBuffer(4)) as Int32Array,
    slots = 1 << 14,
    numbersLoops = false,
  } = {}) {
    this.order = order;
    this.#words = new Int32Array(slots * SLOT_WORDS);
    const control = new Int32Array(CONTROL_WORDS);
    this.slots = new SlotWriter({ words: this.#words, slots }, control, () => undefined);
    const shared = this.#shared;
    this.memories = {
      sharedIdOf: (buffer: object) => (shared.get(buffer) ?? 0) as MemoryId | 0,
      bufferIn: (memory: object) => (memory as WebAssembly.Memory).buffer ?? memory,
      get crossed() {
        return shared.size;
      },
    };
    this.observer = observeAtomics(
      (name, make) => this.patches.replace(Atomics, name, make),
      this.memories,
      {
        order: this.order,
        slots: this.slots,
        mayBlock: true,
        numbersLoops,
        time: () => 7,
        record: (_name, { cell, memory, offset, width }) => {
          this.cells.push({ cell, memory, offset, width });
        },
        publish: () => {
          this.published = this.slots.head;
        },
        soon: () => {
          this.asked++;
        },
      },
    );
  }

  /** From now on the block counts as one that has crossed threads. */
  share(buffer: object): void {
    this.#shared.set(buffer, this.#shared.size + 1);
  }

  /** What was written so far, without settling. */
  get written(): readonly AtomicEntry[] {
    return atomicsOf(this.#words.subarray(0, this.slots.head * SLOT_WORDS)).entries;
  }

  get lost(): number {
    return atomicsOf(this.#words.subarray(0, this.slots.head * SLOT_WORDS)).lost;
  }

  /** What was recorded so far: `kind cell read→written ×count`. */
  get lines(): readonly string[] {
    this.observer.settle();
    return this.written.map(lineOf);
  }

  [Symbol.dispose](): void {
    this.observer[Symbol.dispose]();
    this.patches[Symbol.dispose]();
  }
}
