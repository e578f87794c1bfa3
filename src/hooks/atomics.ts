import {
  apply,
  atomicsAdd,
  atomicsLoad,
  bufferOf,
  byteOffsetOf,
  floor,
  IntrinsicBigInt64Array,
  IntrinsicInt32Array,
  IntrinsicMap,
  IntrinsicWeakMap,
  mapGet,
  mapSet,
  min,
  notANumber,
  onceSettled,
  symbolDispose,
  toPrimitive,
  typedArrayName,
  weakMapGet,
  weakMapSet,
} from '../base/intrinsics.ts';
import type { Native } from '../base/patch.ts';
import * as LIMITS from '../shared/limits.ts';
import type { FieldsOf } from '../shared/records.ts';
import { ATOMIC } from '../shared/slots.ts';
import type { CellId, MemoryId } from '../shared/units.ts';
import type { SlotWriter } from './slot-writer.ts';

/** Which data blocks count: those that have crossed from one thread to another. */
export interface MemoryRegistry {
  /** The number of the block that a SharedArrayBuffer is a view of; 0 while it has crossed no thread. */
  sharedIdOf(buffer: object): MemoryId | 0;
  /** How many blocks have crossed; grows with each. */
  readonly crossed: number;
}

/** The same, for who knows a `WebAssembly.Memory`. */
export interface ModuleMemories extends MemoryRegistry {
  /** The buffer that a memory hands out now. */
  bufferIn(memory: object): object;
}

/** Puts a function made of the native `Atomics[name]`, of the same name and length, in its place. */
export type InstallAtomics = (name: string, make: (native: Native) => Native) => void;

/** Where the operations of a thread are told. */
export interface AtomicsSink {
  /** The one counter of the document. */
  readonly order: Int32Array;
  readonly slots: SlotWriter;
  /** Only threads that may block have their `Atomics.wait` observed; elsewhere it throws. */
  readonly mayBlock: boolean;
  /** Whether busy loops take numbers as they are told, so that what begins later is surely later. */
  readonly numbersLoops: boolean;
  /** A frame, or a tick, as this thread counts. */
  time(): number;
  record(name: 'cellSeen', fields: FieldsOf<'cellSeen'>): void;
  /** The thread is about to block: all that it has said must be readable meanwhile. */
  publish(): void;
  /** Something is held back: `settle` is to be called within about a second. */
  soon(): void;
}

export interface AtomicsObserver extends Disposable {
  /** Tells what is held back, and lets go of the page's objects. */
  settle(): void;
  readonly cells: AtomicCells;
}

/** What records operations by their cells, whoever does them. */
export interface AtomicCells {
  readonly mayBlock: boolean;
  /** A place between two records. */
  look(): number;
  /** A number for what writes or notifies. */
  bump(): number;
  /** The number of the cell of `width` bytes at the `place`th such of a block; 0 if there are too many. */
  at(memory: MemoryId, width: number, place: number): number;
  /** `low` was read, the low word of what is there; the rest is not known. */
  read(cell: number, width: number, kind: number, before: number, low: number): void;
  wrote(
    cell: number,
    width: number,
    kind: number,
    before: number,
    read: number,
    written: number,
  ): void;
  tell(cell: number, kind: number, before: number, read: number, written: number): void;
  /** The thread is about to block. */
  publish(): void;
}

/** A typed array as far as we need to know it. */
interface View {
  /** 0: not to be observed, as long as `crossed` says the same. */
  readonly memory: MemoryId | 0;
  readonly crossed: number;
  readonly width: number;
  /** Of a value's low 32 bits. */
  readonly mask: number;
  /** Where it begins in its block, in elements. */
  readonly base: number;
  /** The numbers of the block's cells of this width, by their place in elements. */
  readonly cells: Map<number, number>;
  /** Elements touched of late, each before its cell, where their low bits say; a cell 0 is none. */
  readonly recent: Int32Array;
}

/** Bytes of an element, for those typed arrays that have atomic operations. */
const WIDTHS = {
  __proto__: null,
  Int8Array: 1,
  Uint8Array: 1,
  Int16Array: 2,
  Uint16Array: 2,
  Int32Array: 4,
  Uint32Array: 4,
  BigInt64Array: 8,
  BigUint64Array: 8,
} as unknown as { readonly [name: string]: number | undefined };
const WIDE = 8;
const RECENT = 16;

/** Words of state of a cell: how it was last read, and what is not told yet. */
const STATE = {
  /** Loads since something else happened to the cell that read `value`, the first of which was told. 0: none. */
  loads: 0,
  value: 1,
  /** A place before the first load that is not told. */
  before: 2,
  /** So many loads are told at once. */
  most: 3,
} as const;
const STATE_SHIFT = 2;
/** Cells for which there is room at first. */
const FEWEST_CELLS = 64;
/** Repetitions of one cell that are held back at first, and at most. */
const FEWEST_HELD = 64;
/** Where busy loops are judged: when one began shows even if the thread is interrupted early. */
const FEWEST_IN_LOOPS = 4;
const MOST_HELD = 1 << 20;
/** No entry may be told so many places late that its low word grows ambiguous. */
const MOST_PLACES = 1 << 28;

const NONE = new IntrinsicInt32Array(0);
/** One 64-bit integer, and its low word. */
const LONG = new IntrinsicBigInt64Array(1);
const LOW_WORD = new IntrinsicInt32Array(bufferOf(LONG));

/**
 * Stands in for an object that the page passed where a number is expected. The engine converts it when the
 * turn comes, as it would have converted the page's, once; afterwards we know what it got.
 */
class Converted {
  seen: unknown;
  readonly #object: object;
  readonly #converted: (() => void) | undefined;

  constructor(object: unknown, converted?: () => void) {
    this.#object = object as object;
    this.#converted = converted;
  }

  [toPrimitive](): unknown {
    const object = this.#object;
    this.seen = isObject(object) ? primitiveOf(object) : object;
    if (isNumeric(this.seen)) this.#converted?.();
    return this.seen;
  }
}

/** Whether the engine makes a number of a primitive, rather than throw. */
function isNumeric(value: unknown): boolean {
  return !isObject(value) && typeof value !== 'symbol' && typeof value !== 'bigint';
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' ? value !== null : typeof value === 'function';
}

interface Convertible {
  readonly [toPrimitive]?: unknown;
  readonly valueOf: unknown;
  readonly toString: unknown;
}

function primitiveOf(object: object): unknown {
  const convertible = object as Convertible;
  const exotic = convertible[toPrimitive];
  if (exotic === undefined || exotic === null) {
    const value = callOn(convertible, convertible.valueOf);
    return isObject(value) ? callOn(convertible, convertible.toString) : value;
  }
  if (typeof exotic === 'function') return apply(exotic as Native, object, ['number']);
  // The engine has words for what is no function.
  return +({ [toPrimitive]: exotic } as unknown as number);
}

/** What is no function is passed over; what is left in the end, the engine complains of. */
function callOn(object: object, method: unknown): unknown {
  return typeof method === 'function' ? apply(method as Native, object, []) : object;
}

function converting(value: unknown): unknown {
  return isObject(value) ? new Converted(value) : value;
}

/** The low 32 bits of what the engine made of `value`, which it has accepted. */
function lowWord(value: unknown, width: number): number {
  switch (typeof value) {
    case 'number':
      return value | 0;
    case 'bigint':
      LONG[0] = value;
      return LOW_WORD[0] as number;
    case 'undefined':
      return 0;
    case 'object':
      return value === null ? 0 : lowWord((value as Converted).seen, width);
    default:
      return width === WIDE ? lowWord(bigOf(value), width) : +(value as string) | 0;
  }
}

function bigOf(value: unknown): bigint {
  LONG[0] = (isObject(value) ? (value as Converted).seen : value) as bigint;
  return LONG[0] as bigint;
}

/**
 * Records the atomic operations of JavaScript on memory that several threads see.
 *
 * An operation and its record are two steps, between which other threads do as they please. So an entry
 * says of an operation that it happened between two places of the shared counter, one taken before and one
 * after: whatever the schedule, it did. A write takes a number of its own before it; a read only looks.
 *
 * The page's functions are replaced by plain ones, not proxies, which the engine can optimise; an operation
 * costs three native ones at most, and in the steady state allocates nothing.
 */
export function observeAtomics(
  install: InstallAtomics,
  memories: MemoryRegistry,
  sink: AtomicsSink,
): AtomicsObserver {
  const { order, slots } = sink;
  const views = new IntrinsicWeakMap<object, View>();
  /** By block and width. */
  const cellsOf = new IntrinsicMap<number, Map<number, number>>();
  const wideValues = new IntrinsicMap<number, bigint>();
  let state = new IntrinsicInt32Array(FEWEST_CELLS << STATE_SHIFT);
  let capacity = FEWEST_CELLS;
  let cellCount = 0;
  /** Cells with loads that are not told. */
  let heldCells = 0;
  let active = true;
  let asked = false;
  /** The typed array of the last operation, held until `settle`; and the cell. */
  let lastArray: unknown;
  let lastView: View | undefined;
  let lastIndex = notANumber;
  let lastCell = 0;
  /** The cell that was written last, by the entry that ends at `runHead`; and what was written. */
  let runCell = 0;
  let runHead = 0;
  let runValue = 0;
  /** Writes that followed it and are held back: from here on there is a run. */
  let running = false;
  let runRead = 0;
  let runBefore = 0;
  let runAfter = 0;
  let runCount = 0;
  let runMost = FEWEST_HELD;

  const look = (): number => (atomicsLoad(order, 0) << 1) | 1;
  const bump = (): number => ((atomicsAdd(order, 0, 1) + 1) << 1) | 0;

  /** Undefined where nothing is to be recorded. */
  function viewOf(array: unknown): View | undefined {
    if (array === lastArray) return lastView;
    return memories.crossed === 0 || !active ? undefined : findView(array);
  }

  function findView(array: unknown): View | undefined {
    let view = weakMapGet(views, array as object);
    if (!view || (view.memory === 0 && view.crossed !== memories.crossed)) {
      const width = WIDTHS[typedArrayName(array as object) as string];
      if (width === undefined) return undefined;
      view = describe(array as ArrayBufferView, width);
      weakMapSet(views, array as object, view);
    }
    if (view.memory === 0) return undefined;
    lastArray = array;
    lastView = view;
    lastIndex = notANumber;
    settleSoon();
    return view;
  }

  function settleSoon(): void {
    if (asked) return;
    asked = true;
    sink.soon();
  }

  function describe(array: ArrayBufferView, width: number): View {
    const memory = memories.sharedIdOf(bufferOf(array));
    return {
      memory,
      crossed: memories.crossed,
      width,
      mask: maskOf(width),
      base: byteOffsetOf(array) / width,
      cells: cellsIn(memory, width),
      recent: memory === 0 ? NONE : new IntrinsicInt32Array(RECENT * 2),
    };
  }

  function cellsIn(memory: MemoryId | 0, width: number): Map<number, number> {
    const key = memory === 0 ? 0 : memory * 16 + width;
    let cells = mapGet(cellsOf, key);
    if (!cells) {
      cells = new IntrinsicMap<number, number>();
      mapSet(cellsOf, key, cells);
    }
    return cells;
  }

  /** The number of the cell that the engine has accepted `index` for; 0 if there are too many. */
  function cellOf(view: View, index: unknown): number {
    if (view === lastView) {
      if (index === lastIndex) return lastCell;
      if (typeof index === 'number') {
        const slot = (index & (RECENT - 1)) << 1;
        const recent = view.recent[slot + 1] as number;
        if (recent !== 0 && view.recent[slot] === index) {
          lastIndex = index;
          lastCell = recent;
          return recent;
        }
      }
    }
    const number = +((isObject(index) ? (index as Converted).seen : index) as number);
    const element = number >= 1 ? floor(number) : 0;
    const place = view.base + element;
    const cell =
      mapGet(view.cells, place) ?? numberCell(view.cells, view.memory, view.width, place);
    if (index === element && view === lastView) {
      const slot = (element & (RECENT - 1)) << 1;
      view.recent[slot] = element;
      view.recent[slot + 1] = cell;
      lastIndex = element;
      lastCell = cell;
    }
    return cell;
  }

  function numberCell(
    cells: Map<number, number>,
    memory: MemoryId | 0,
    width: number,
    place: number,
  ): number {
    if (cellCount === LIMITS.cells) {
      slots.lose();
      return 0;
    }
    const cell = ++cellCount;
    if (cell === capacity) {
      capacity *= 2;
      const grown = new IntrinsicInt32Array(capacity << STATE_SHIFT);
      for (let i = 0; i < cell << STATE_SHIFT; i++) grown[i] = state[i] as number;
      state = grown;
    }
    mapSet(cells, place, cell);
    const offset = place * width;
    sink.record('cellSeen', { cell: cell as CellId, memory: memory as MemoryId, offset, width });
    return cell;
  }

  function tell(
    cell: number,
    kind: number,
    before: number,
    read: number,
    written: number,
    after = look(),
    count = 1,
  ): void {
    slots.atomic(cell, kind, before, after, sink.time(), read, written, count);
  }

  /** Tells the loads that are held back, the last of which came before `after`. */
  function tellLoads(cell: number, after = look()): void {
    const at = cell << STATE_SHIFT;
    const held = (state[at + STATE.loads] as number) - 1;
    if (held <= 0) return;
    heldCells--;
    state[at + STATE.loads] = 1;
    state[at + STATE.most] = min((state[at + STATE.most] as number) * 2, MOST_HELD);
    const before = state[at + STATE.before] as number;
    tell(cell, ATOMIC.loads, before, state[at + STATE.value] as number, 0, after, held);
  }

  function tellRun(): void {
    running = false;
    runMost = min(runMost * 2, MOST_HELD);
    tell(runCell, ATOMIC.writes, runBefore, runRead, runValue, runAfter, runCount);
    runHead = slots.head;
  }

  function read(view: View, index: unknown, kind: number, before: number, value: unknown): void {
    const cell = cellOf(view, index);
    if (cell === 0) return;
    const low = lowWord(value, 0) & view.mask;
    if (view.width !== WIDE) readLow(cell, kind, before, low, true);
    else {
      readLow(cell, kind, before, low, mapGet(wideValues, cell) === value);
      mapSet(wideValues, cell, value as bigint);
    }
  }

  /** `low` was read. What repeats the last read of the cell is counted, if it `mayRepeat` it. */
  function readLow(
    cell: number,
    kind: number,
    before: number,
    low: number,
    mayRepeat: boolean,
  ): void {
    const at = cell << STATE_SHIFT;
    const loads = state[at + STATE.loads] as number;
    if (loads > 0 && state[at + STATE.value] === low && mayRepeat) {
      state[at + STATE.loads] = loads + 1;
      if (loads === 1) {
        heldCells++;
        state[at + STATE.before] = before;
      } else if (
        loads >= (state[at + STATE.most] as number) ||
        ((before - (state[at + STATE.before] as number)) | 0) > MOST_PLACES
      ) {
        tellLoads(cell, sink.numbersLoops ? bump() : look());
      }
      return;
    }
    tellLoads(cell);
    tell(cell, kind, before, low, 0);
    state[at + STATE.loads] = 1;
    state[at + STATE.value] = low;
    state[at + STATE.most] = sink.numbersLoops ? FEWEST_IN_LOOPS : FEWEST_HELD;
  }

  /** The number of a write of `value` to come; 0 where it belongs to the run that is held back. */
  function beginWrite(view: View, index: unknown, value: unknown): number {
    return running &&
      index === lastIndex &&
      view === lastView &&
      lastCell === runCell &&
      typeof value === 'number'
      ? 0
      : bump();
  }

  function wrote(
    view: View,
    index: unknown,
    kind: number,
    before: number,
    read: number,
    written: number,
  ): void {
    const cell = cellOf(view, index);
    if (cell !== 0) wroteLow(cell, view.width, kind, before, read & view.mask, written & view.mask);
  }

  function wroteLow(
    cell: number,
    width: number,
    kind: number,
    before: number,
    old: number,
    value: number,
  ): void {
    const expected = kind === ATOMIC.store || old === runValue;
    if (before === 0 || (running && cell === runCell)) {
      const from = runAfter;
      runAfter = look();
      runCount++;
      runValue = value;
      if (expected && runCount < runMost) return;
      slots.settle();
      // Somebody else has written: what was read counts by itself.
      if (!expected) tell(cell, ATOMIC.load, from, old, 0, runAfter);
    } else if (cell === runCell && slots.head === runHead && expected && width !== WIDE) {
      running = true;
      runBefore = before;
      runAfter = look();
      runRead = runValue;
      runValue = value;
      runCount = 1;
      slots.hold(tellRun);
    } else {
      tellLoads(cell);
      state[(cell << STATE_SHIFT) + STATE.loads] = 0;
      tell(cell, kind, before, old, value);
      if (cell !== runCell) runMost = FEWEST_HELD;
      runCell = cell;
      runHead = slots.head;
      runValue = value;
    }
  }

  function replace(name: string, make: (native: Native) => object): void {
    install(name, (native) => (make(native) as Record<string, Native>)[name] as Native);
  }

  function replaceModifier(name: string, combine: (old: number, value: number) => number): void {
    replace(name, (native) => ({
      [name](array: unknown, index: unknown, value: unknown): unknown {
        const view = viewOf(array);
        if (!view) return native(array, index, value);
        const at = converting(index);
        const given = converting(value);
        const before = beginWrite(view, at, given);
        const old = native(array, at, given);
        const low = lowWord(old, 0);
        const written = combine(low, lowWord(given, view.width));
        wrote(view, at, ATOMIC.readModifyWrite, before, low, written);
        return old;
      },
    }));
  }

  replaceModifier('add', (old, value) => old + value);
  replaceModifier('sub', (old, value) => old - value);
  replaceModifier('and', (old, value) => old & value);
  replaceModifier('or', (old, value) => old | value);
  replaceModifier('xor', (old, value) => old ^ value);
  replaceModifier('exchange', (_old, value) => value);

  replace('load', (native) => ({
    load(array: unknown, index: unknown): unknown {
      const view = viewOf(array);
      if (!view) return native(array, index);
      const at = converting(index);
      const before = look();
      const value = native(array, at);
      read(view, at, ATOMIC.load, before, value);
      return value;
    },
  }));

  replace('store', (native) => ({
    store(array: unknown, index: unknown, value: unknown): unknown {
      const view = viewOf(array);
      if (!view) return native(array, index, value);
      const at = converting(index);
      const before = beginWrite(view, at, value);
      const stored = native(array, at, value);
      wrote(view, at, ATOMIC.store, before, 0, lowWord(stored, 0));
      return stored;
    },
  }));

  replace('compareExchange', (native) => ({
    compareExchange(array: unknown, index: unknown, expected: unknown, value: unknown): unknown {
      const view = viewOf(array);
      if (!view) return native(array, index, expected, value);
      const at = converting(index);
      const wanted = converting(expected);
      const given = converting(value);
      const { mask, width } = view;
      if (
        at === lastIndex &&
        (state[(lastCell << STATE_SHIFT) + STATE.loads] as number) > 0 &&
        typeof wanted === 'number' &&
        typeof given === 'number'
      ) {
        // Where the last one failed, or the cell was read, this may fail as well. One that fails is a load.
        const before = look();
        const found = atomicsLoad(array as Int32Array, at as number);
        if (typeof found === 'number' && (found & mask) !== (wanted & mask)) {
          read(view, at, ATOMIC.failedExchange, before, found);
          return found;
        }
      }
      const before = beginWrite(view, at, typeof wanted === 'number' ? given : wanted);
      const old = native(array, at, wanted, given);
      const exchanged =
        width === WIDE
          ? bigOf(old) === bigOf(wanted)
          : ((lowWord(old, 0) ^ lowWord(wanted, width)) & mask) === 0;
      if (exchanged) {
        wrote(view, at, ATOMIC.readModifyWrite, before, lowWord(old, 0), lowWord(given, width));
      } else read(view, at, ATOMIC.failedExchange, before === 0 ? runAfter : before, old);
      return old;
    },
  }));

  replace('notify', (native) => ({
    notify(array: unknown, index: unknown, count: unknown): unknown {
      const view = viewOf(array);
      if (!view) return native(array, index, count);
      const at = converting(index);
      const before = bump();
      const woken = native(array, at, count);
      const cell = cellOf(view, at);
      if (cell !== 0) tell(cell, ATOMIC.notify, before, 0, woken as number);
      return woken;
    },
  }));

  if (sink.mayBlock) {
    replace('wait', (native) => ({
      wait(array: unknown, index: unknown, value: unknown, timeout: unknown): unknown {
        const view = viewOf(array);
        if (!view) return native(array, index, value, timeout);
        const at = converting(index);
        const awaited = converting(value);
        let cell = 0;
        let low = 0;
        let before = 0;
        // What comes last before the engine blocks is to convert the time.
        const last = new Converted(timeout, () => {
          cell = cellOf(view, at);
          low = lowWord(awaited, view.width);
          before = look();
          if (cell === 0) return;
          tell(cell, ATOMIC.waitBegin, before, low, 0, before);
          sink.publish();
        });
        const outcome = native(array, at, awaited, last);
        if (cell !== 0) tell(cell, WAITED[outcome as string] as number, before, low, 0);
        return outcome;
      },
    }));
  }

  replace('waitAsync', (native) => ({
    waitAsync(array: unknown, index: unknown, value: unknown, timeout: unknown): unknown {
      const view = viewOf(array);
      if (!view) return native(array, index, value, timeout);
      const at = converting(index);
      const awaited = converting(value);
      const before = look();
      const result = native(array, at, awaited, timeout) as AsyncWait;
      const cell = cellOf(view, at);
      if (cell === 0) return result;
      const low = lowWord(awaited, view.width);
      if (typeof result.value === 'string') {
        tell(cell, WAITED[result.value] as number, before, low, 0);
      } else {
        tell(cell, ATOMIC.asyncWaitBegin, before, low, 0);
        onceSettled(result.value, (outcome) => {
          const heard = look();
          const kind = outcome === 'ok' ? ATOMIC.asyncWaitOk : ATOMIC.asyncWaitTimedOut;
          tell(cell, kind, heard, low, 0, heard);
        });
      }
      return result;
    },
  }));

  const settle = (): void => {
    asked = false;
    lastArray = undefined;
    lastView = undefined;
    slots.settle();
    for (let cell = 1; heldCells > 0 && cell <= cellCount; cell++) tellLoads(cell);
  };

  const cells: AtomicCells = {
    mayBlock: sink.mayBlock,
    look,
    bump,
    at(memory, width, place) {
      if (!active) return 0;
      const known = cellsIn(memory, width);
      return mapGet(known, place) ?? numberCell(known, memory, width, place);
    },
    read(cell, width, kind, before, low) {
      readLow(cell, kind, before, low & maskOf(width), width !== WIDE);
      // Of what repeats it the high word is not known.
      if (width === WIDE) state[(cell << STATE_SHIFT) + STATE.loads] = 0;
      settleSoon();
    },
    wrote(cell, width, kind, before, read, written) {
      const mask = maskOf(width);
      wroteLow(cell, width, kind, before, read & mask, written & mask);
      settleSoon();
    },
    tell: (cell, kind, before, read, written) => tell(cell, kind, before, read, written),
    publish: () => sink.publish(),
  };

  return {
    settle,
    cells,
    [symbolDispose]() {
      settle();
      active = false;
    },
  };
}

function maskOf(width: number): number {
  return width < 4 ? (1 << (width * 8)) - 1 : -1;
}

interface AsyncWait {
  readonly value: string | Promise<unknown>;
}

const WAITED = {
  __proto__: null,
  ok: ATOMIC.waitOk,
  'timed-out': ATOMIC.waitTimedOut,
  'not-equal': ATOMIC.waitNotEqual,
} as unknown as { readonly [outcome: string]: number | undefined };
