import {
  bufferOf,
  copyInt32,
  IntrinsicInt32Array,
  IntrinsicUint8Array,
} from '../../base/intrinsics.ts';
import { SlotWriter } from '../../hooks/slot-writer.ts';
import { CONTROL_WORDS, SLOT_WORDS } from '../../shared/slots.ts';

const SLOTS = 4096;

type TakeSlots = (bytes: Uint8Array<ArrayBuffer>, slots: number) => void;

/** The slots of the main thread until they are cut into a chunk. Holds no memory before the first. */
export class MainSlots {
  readonly writer: SlotWriter;
  /** Tells what observers hold back. */
  settle: (() => void) | undefined;
  readonly #take: TakeSlots;
  #words: Int32Array | undefined;

  constructor(take: TakeSlots) {
    this.#take = take;
    const none = { words: new IntrinsicInt32Array(0), slots: 0 };
    const control = new IntrinsicInt32Array(CONTROL_WORDS);
    this.writer = new SlotWriter(none, control, () => this.#ship());
  }

  cut(): void {
    if (this.writer.head > 0) this.#ship();
  }

  #ship(): void {
    const { writer } = this;
    this.#words ??= new IntrinsicInt32Array(SLOTS * SLOT_WORDS);
    if (writer.head > 0) {
      const length = writer.head * SLOT_WORDS;
      const words = new IntrinsicInt32Array(length);
      copyInt32(words, new IntrinsicInt32Array(bufferOf(this.#words), 0, length), 0);
      this.#take(new IntrinsicUint8Array(bufferOf(words)), writer.head);
    }
    writer.use({ words: this.#words, slots: SLOTS });
  }
}
