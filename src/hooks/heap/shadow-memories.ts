import {
  apply,
  bufferBytes,
  deref,
  IntrinsicInt32Array,
  IntrinsicMap,
  IntrinsicWeakMap,
  IntrinsicWeakRef,
  mapDelete,
  mapForEach,
  mapGet,
  mapSet,
  sharedBufferBytes,
  weakMapGet,
  weakMapSet,
} from '../../base/intrinsics.ts';
import { constructAs, type Native } from '../../base/patch.ts';
import type { PassedShadow, ToScope } from '../../shared/passage.ts';
import type { Memories } from '../memories.ts';
import type { CheckLayout, FunctionLayout } from '../wasm/wasm-tag.ts';
import { AccessHits, type HitHost } from './access-hits.ts';
import type { Heap } from './heap.ts';
import type { HeapBlocks } from './heap-blocks.ts';
import { Quarantine } from './quarantine.ts';
import { RestingBlocks } from './resting-blocks.ts';

const PAGE_BYTES = 65_536;
/** As many as an engine compiles by and by without anybody’s hearing it. */
const MANY_FUNCTIONS = 500;

export interface ShadowHost extends HitHost {
  /** Of this thread among all. */
  readonly ordinal: number;
  readonly memories: Memories;
  /** The engine’s `Atomics.notify` and `Atomics.waitAsync`, where there are such. */
  readonly notify: Native | undefined;
  readonly waitAsync: Native | undefined;
  readonly heaps: HeapBlocks;
  /** How many bytes of freed blocks may rest in each heap. */
  readonly quarantineBytes: number;
  /** Of memory that threads share only the page makes shadows, and passes them on; elsewhere it is undefined. */
  readonly made: ((shadow: PassedShadow) => void) | undefined;
  /** Whether this thread renders, and has no time for all checks to begin at once. */
  readonly renders: boolean;
  /** A module runs on shared memory of whose shadow nobody here knows. */
  unshadowed(): void;
  /** Whether all other threads that hold the memory run modules in their instrumented form, as far as this one knows. */
  isHeard(memory: object): boolean;
  uncovered(why: string): void;
  fault(error: unknown): void;
}

/** What a module with checks is given. */
export interface CheckImports {
  /** The memory that it works in. */
  readonly heap: object;
  readonly imports: { readonly [name: string]: unknown };
}

interface Entry {
  readonly id: number;
  readonly heapPages: number;
  readonly cells: number;
  readonly shadow: object;
  readonly quarantine: Quarantine;
  /** Where another thread has made it, this scope holds the heap as long as it lives itself. */
  readonly heap: () => object | undefined;
}

const HELD =
  'Memory: a thread whose allocations are not seen had a heap before: nothing that is freed in it is checked.';
const TWO_SIZES =
  'Memory: accesses of a module are not checked, since another one holds the same memory to be of another size.';

/**
 * The shadows of the heaps that one thread knows. One that threads share is made by the page, and found elsewhere by the
 * data block that it belongs to, whatever object stands for that: whoever waits at a cell of one is woken by a
 * notification at the same cell of the other, if they are one. Cells of the first kilobyte serve, where address 0 is
 * and programs keep nothing, each thread its own.
 */
export class ShadowMemories {
  readonly #host: ShadowHost;
  readonly #hits: AccessHits;
  readonly #byHeap = new IntrinsicWeakMap<object, Entry>();
  readonly #shared = new IntrinsicMap<number, Entry>();
  /** Memories without a shadow so far, of which that was said, by the object that stood for them. */
  readonly #unseen = new IntrinsicWeakMap<object, true>();
  readonly #heaps = new IntrinsicMap<number, WeakRef<Heap>>();
  #made = 0;

  constructor(host: ShadowHost) {
    this.#host = host;
    this.#hits = new AccessHits(host);
  }

  /** All shadows that others are to know of. */
  get passed(): Map<number, PassedShadow> {
    const all = new IntrinsicMap<number, PassedShadow>();
    mapForEach(this.#shared, (entry, id) => {
      const passed = passing(entry);
      if (passed) mapSet(all, id, passed);
      else mapDelete(this.#shared, id);
    });
    return all;
  }

  /** Another thread has made it. */
  take({ id, heap, shadow, heapPages, cells }: PassedShadow): void {
    if (mapGet(this.#shared, id)) return;
    mapSet(
      this.#shared,
      id,
      this.#entry(id, () => heap, shadow, heapPages, cells),
    );
  }

  /** What the thread that runs the page has to say; false: it is not about shadows. */
  obey(command: ToScope): boolean {
    if (command.kind === 'shadow') this.take(command.shadow);
    else if (command.kind === 'tell-freed') {
      this.tellFreed(command.shadow, command.offset, command.place);
    } else return false;
    return true;
  }

  /** Time has passed: see `Quarantine.armSlowly`. */
  armFurther(): void {
    mapForEach(this.#heaps, armFurther);
  }

  tellFreed(shadow: number, offset: number, place: number): void {
    const ref = mapGet(this.#heaps, shadow);
    const heap = ref && deref(ref);
    if (heap) this.#host.heaps.tellFreed(heap, offset, place);
  }

  /** What tells of nothing uses that memory, or may: nothing that is freed in it rests from now on. */
  usedUnseen(memory: object, why: string): void {
    const entry = this.#entryOf(memory);
    if (!entry && !this.#isShared(memory)) return;
    if (!entry && !this.#host.made) {
      this.#host.unshadowed();
      return;
    }
    if (entry) entry.quarantine.stop();
    else weakMapSet(this.#unseen, memory, true);
    this.#host.uncovered(why);
  }

  /** The same of all memory that threads share. */
  stop(): void {
    mapForEach(this.#shared, ({ quarantine }) => quarantine.stop());
  }

  /**
   * What a module with that key is given, which works in `memory` or in one that it defines. Undefined where the original is to run
   * instead; why, was said.
   */
  importsFor(
    memory: object | undefined,
    checks: CheckLayout,
    layout: FunctionLayout,
    key: number,
  ): CheckImports | undefined {
    const heap = checks.defines ? this.#memory(checks, checks.minimum) : memory;
    if (!heap || !this.#bufferOf(heap)) return undefined;
    // Of another kind than the module asks for: the engine says so.
    if (!checks.defines && this.#isShared(heap) !== checks.shared) return undefined;
    const known = checks.defines ? undefined : this.#entryOf(heap);
    const entry = known ?? this.#make(heap, checks, layout);
    if (!entry) return undefined;
    if (entry.cells !== checks.cells) {
      this.#host.uncovered(TWO_SIZES);
      return undefined;
    }
    const blocks = this.#host.heaps.heapOf(heap, key);
    blocks.resting ??= new RestingBlocks(entry.quarantine);
    mapSet(this.#heaps, entry.id, new IntrinsicWeakRef(blocks));
    const { id, quarantine, shadow } = entry;
    const { module } = checks;
    const touched = { id, quarantine, memory: heap };
    return {
      heap,
      imports: {
        memory: heap,
        shadow,
        report: (site: number, address: number): void => {
          try {
            this.#hits.hit(module, touched, layout, site >>> 0, address >>> 0);
          } catch (error) {
            this.#host.fault(error);
          }
        },
      },
    };
  }

  #make(heap: object, checks: CheckLayout, { functions }: FunctionLayout): Entry | undefined {
    const { shared, maximum, cells, pages } = checks;
    const { made } = this.#host;
    // The original runs, and that is said then.
    if (shared && !made) return undefined;
    const shadow = this.#memory({ shared, maximum: pages, isBounded: shared }, pages);
    const id = ++this.#made * (shared ? 1 : -1);
    const ref = new IntrinsicWeakRef(heap);
    const entry = this.#entry(id, () => deref(ref), shadow, maximum, cells);
    entry.quarantine.limitTo(this.#host.quarantineBytes);
    if (!shared && this.#host.renders && functions > MANY_FUNCTIONS) entry.quarantine.armSlowly();
    weakMapSet(this.#byHeap, heap, entry);
    if (shared) {
      const wasSaid = weakMapGet(this.#unseen, heap) !== undefined;
      const isHeard = !wasSaid && this.#host.isHeard(heap);
      if (!isHeard) entry.quarantine.stop();
      if (!isHeard && !wasSaid) this.#host.uncovered(HELD);
      mapSet(this.#shared, id, entry);
      const passed = passing(entry);
      if (passed) made?.(passed);
    }
    return entry;
  }

  #entry(
    id: number,
    heap: () => object | undefined,
    shadow: object,
    heapPages: number,
    cells: number,
  ): Entry {
    const layout = { heapBytes: heapPages * PAGE_BYTES, cells };
    const buffer = this.#bufferOf(shadow) as ArrayBuffer;
    const { ordinal } = this.#host;
    const quarantine = new Quarantine(buffer, layout, ordinal, () => this.#bytesOf(heap()));
    return { id, heapPages, cells, shadow, heap, quarantine };
  }

  #memory(
    {
      shared,
      maximum,
      isBounded,
    }: { readonly shared: boolean; readonly maximum: number; readonly isBounded: boolean },
    initial: number,
  ): object {
    const type = isBounded ? { initial, maximum, shared } : { initial };
    const native = this.#host.memories.native as Native;
    return constructAs(native, [{ __proto__: null, ...type }], native);
  }

  #bufferOf(memory: object): object | undefined {
    const buffer = this.#host.memories.bufferIn(memory);
    return buffer === memory ? undefined : buffer;
  }

  #isShared(memory: object): boolean {
    const buffer = this.#bufferOf(memory);
    return buffer !== undefined && this.#host.memories.of(buffer) !== undefined;
  }

  #bytesOf(memory: object | undefined): number {
    const buffer = memory && this.#bufferOf(memory);
    if (!buffer) return 0;
    return this.#isShared(memory) ? (sharedBufferBytes?.(buffer) ?? 0) : bufferBytes(buffer);
  }

  #firstWords(memory: object): Int32Array {
    return new IntrinsicInt32Array(this.#bufferOf(memory) as ArrayBuffer, 0, 256);
  }

  #entryOf(heap: object): Entry | undefined {
    const known = weakMapGet(this.#byHeap, heap);
    if (known || !this.#isShared(heap)) return known;
    const found = this.#sameBlock(heap);
    if (!found) return undefined;
    weakMapSet(this.#byHeap, heap, found);
    return found;
  }

  #sameBlock(heap: object): Entry | undefined {
    const { notify, waitAsync } = this.#host;
    if (!notify || !waitAsync) return undefined;
    const cell = this.#host.ordinal & 255;
    const own = this.#firstWords(heap);
    const woken = (words: Int32Array): number =>
      apply(notify, undefined, [words, cell, 1]) as number;
    let found: Entry | undefined;
    apply(waitAsync, undefined, [own, cell, own[cell] as number]);
    mapForEach(this.#shared, (entry) => {
      const other = found ? undefined : entry.heap();
      if (other && woken(this.#firstWords(other)) > 0) found = entry;
    });
    if (!found) woken(own);
    return found;
  }
}

/** No closure of its own: it is asked for ten times a second where sound is rendered. */
function armFurther(ref: WeakRef<Heap>): void {
  deref(ref)?.resting?.quarantine.armFurther();
}

function passing({ id, heap, shadow, heapPages, cells }: Entry): PassedShadow | undefined {
  const memory = heap();
  return memory && { id, heap: memory, shadow, heapPages, cells };
}
