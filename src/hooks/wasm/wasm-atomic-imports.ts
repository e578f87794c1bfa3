import { IntrinsicInt32Array, sharedBufferBytes } from '../../base/intrinsics.ts';
import { ATOMIC } from '../../shared/slots.ts';
import type { MemoryId } from '../../shared/units.ts';
import type { AtomicCells, ModuleMemories } from '../atomics.ts';

/** What a module imports whose atomic instructions are recorded: see `ATOMIC_IMPORT` in `src/wasm`. */
export interface AtomicImports {
  place(): number;
  number(): number;
  atomic(
    kind: number,
    width: number,
    address: number,
    before: number,
    read: number,
    written: number,
  ): number;
}

/** What records the atomic instructions of modules in one thread. */
export interface WasmAtomics {
  /** What an instance is given that works on the memory which `memoryOf` gives once that is known. */
  importsFor(memoryOf: () => object | undefined): AtomicImports;
}

/** Addresses touched of late, each with its width and its cell. */
const RECENT = 16;
const RECENT_SHIFT = 2;

/**
 * Records the atomic instructions of modules as the operations of JavaScript are recorded: by the same cells, with the
 * same counts of what repeats. In the steady state nothing is allocated.
 */
export function recordWasmAtomics(
  cells: AtomicCells,
  memories: ModuleMemories,
  fault: (error: unknown) => void,
): WasmAtomics {
  return {
    importsFor(memoryOf) {
      const recent = new IntrinsicInt32Array(RECENT << RECENT_SHIFT);
      let memory: MemoryId | 0 = 0;
      let crossed = 0;

      /** 0 while it has crossed no thread: nothing that is done there orders anything. */
      const memoryId = (): MemoryId | 0 => {
        if (memory !== 0 || memories.crossed === crossed) return memory;
        const object = memoryOf();
        if (!object) return 0;
        crossed = memories.crossed;
        memory = memories.sharedIdOf(memories.bufferIn(object));
        return memory;
      };

      const cellAt = (address: number, width: number): number => {
        const id = memoryId();
        if (id === 0) return 0;
        const slot = ((address >>> 2) & (RECENT - 1)) << RECENT_SHIFT;
        if (recent[slot] === address && recent[slot + 1] === width)
          return recent[slot + 2] as number;
        const cell = cells.at(id, width, (address >>> 0) / width);
        recent[slot] = address;
        recent[slot + 1] = width;
        recent[slot + 2] = cell;
        return cell;
      };

      /** Whether the engine will refuse a wait, which the module tells before it begins. */
      const isRefused = (address: number, width: number): boolean => {
        const object = memoryOf();
        const bytes = object && sharedBufferBytes?.(memories.bufferIn(object));
        return (address >>> 0) % width !== 0 || (address >>> 0) + width > (bytes ?? 0);
      };

      const told = (
        kind: number,
        width: number,
        address: number,
        before: number,
        read: number,
        written: number,
      ): void => {
        if (kind === ATOMIC.waitBegin && (!cells.mayBlock || isRefused(address, width))) return;
        const cell = cellAt(address, width);
        if (cell === 0) return;
        switch (kind) {
          case ATOMIC.load:
          case ATOMIC.failedExchange:
            cells.read(cell, width, kind, before, read);
            return;
          case ATOMIC.store:
          case ATOMIC.readModifyWrite:
            cells.wrote(cell, width, kind, before, read, written);
            return;
          default:
            cells.tell(cell, kind, before, read, written);
            if (kind === ATOMIC.waitBegin) cells.publish();
        }
      };

      return {
        place: cells.look,
        number: cells.bump,
        atomic(kind, width, address, before, read, written) {
          try {
            told(kind, width, address, before, read, written);
          } catch (error) {
            fault(error);
          }
          return cells.look();
        },
      };
    },
  };
}

const nothing = (): number => 0;
/** For an instance in a realm where atomic operations are not recorded. */
export const DEAF: AtomicImports = { place: nothing, number: nothing, atomic: nothing };
