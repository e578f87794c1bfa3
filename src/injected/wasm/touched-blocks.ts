import {
  floor,
  IntrinsicMap,
  lengthOf,
  mapForEach,
  mapGet,
  mapSet,
  max,
} from '../../base/intrinsics.ts';
import { NEAR } from '../../hooks/heap/quarantine.ts';
import * as LIMITS from '../../shared/limits.ts';
import type { Touch } from '../../shared/passage.ts';
import type { FieldsOf } from '../../shared/records.ts';
import type { Frames, Micros, Seq, ThreadId } from '../../shared/units.ts';
import { type AccessSite, readAccessSite } from '../../wasm/access-site.ts';
import { functionNames } from '../../wasm/name-section.ts';
import { readModule, type WasmModule } from '../../wasm/read-module.ts';
import { EXTERNAL, SECTION } from '../../wasm/section.ts';

export interface TouchSink {
  /** The next place in the order of all records. */
  next(): number;
  record(fields: FieldsOf<'freedTouched'>, seq: Seq, at: Micros): void;
  again(fields: FieldsOf<'freedTouchedAgain'>, seq: Seq, at: Micros): void;
  /** Whoever knows of that block is to tell. `thread` is the only one that can know of a shadow of its own. */
  tellFreed(shadow: number, thread: ThreadId, offset: number, place: number): void;
}

interface Kept {
  readonly bytes: Uint8Array;
  module: WasmModule | undefined;
  names: Map<number, string> | undefined;
}

/** A block that was found. */
interface Found {
  readonly offset: number;
  readonly length: number;
  /** Low 32 bits of its place in the order. */
  readonly freed: number;
  /** The first byte that was touched, in the heap. */
  readonly first: number;
}

interface Hit {
  readonly id: number;
  times: number;
}

const GRANULE_BYTES = 8;

/**
 * Makes records of the accesses that threads report. A report is a hint: the instruction, read from the original, says
 * what it touches, and whether that lies in a block that rested. Each instruction is told once for each block.
 */
export class TouchedBlocks {
  readonly #sink: TouchSink;
  readonly #modules = new IntrinsicMap<number, Kept>();
  readonly #hits = new IntrinsicMap<string, Hit>();
  #keptBytes = 0;
  #count = 0;

  constructor(sink: TouchSink) {
    this.#sink = sink;
  }

  /** Keeps an original by a number; false: there is no room for it. */
  keep(number: number, bytes: Uint8Array): boolean {
    const length = lengthOf(bytes);
    if (this.#keptBytes + length > LIMITS.keptModuleBytes) return false;
    this.#keptBytes += length;
    mapSet(this.#modules, number, { bytes, module: undefined, names: undefined });
    return true;
  }

  heard(touch: Touch, thread: ThreadId): void {
    const kept = mapGet(this.#modules, touch.module);
    const access = kept && accessAt(kept, touch.site);
    const found = access && blockOf(touch, access);
    if (!found) return;
    const { offset, length, freed, first } = found;
    const { module, site, shadow, memory, times, frame, stack } = touch;
    const seq = this.#seqOf(touch.seq);
    const at = touch.at as Micros;
    const key = `${thread} ${shadow} ${module} ${site} ${offset} ${freed}`;
    const known = mapGet(this.#hits, key);
    if (known) {
      known.times += times;
      this.#sink.again({ hit: known.id, times: known.times, frame: frame as Frames }, seq, at);
      return;
    }
    if (this.#count >= LIMITS.eventsPerNode) return;
    const id = ++this.#count;
    mapSet(this.#hits, key, { id, times });
    const { functionIndex, functionOffset, name, bytes, writes } = access;
    this.#sink.tellFreed(shadow, thread, offset, freed);
    this.#sink.record(
      {
        hit: id,
        thread,
        memory,
        offset,
        length,
        into: first - offset,
        access: name,
        bytes,
        writes,
        functionIndex,
        functionName: mapGet(namesIn(kept), functionIndex) ?? '',
        functionOffset,
        site,
        times,
        frame: frame as Frames,
        stack,
      },
      seq,
      at,
    );
  }

  /** A place in the order of which the low 32 bits are known, and which is not long ago. */
  #seqOf(low: number): Seq {
    const now = this.#sink.next();
    return (now + ((low - now) | 0)) as Seq;
  }
}

function moduleIn(kept: Kept): WasmModule | undefined {
  if (!kept.module) {
    const read = readModule(kept.bytes);
    if (read.ok) kept.module = read.value;
  }
  return kept.module;
}

function accessAt(kept: Kept, site: number): AccessSite | undefined {
  const module = moduleIn(kept);
  const read = module && readAccessSite(module, site);
  return read?.ok ? read.value : undefined;
}

/** The names of functions: those of the name section, then those of exports. */
function namesIn(kept: Kept): Map<number, string> {
  if (kept.names) return kept.names;
  const names = new IntrinsicMap<number, string>();
  kept.names = names;
  const module = moduleIn(kept);
  if (!module) return names;
  const { exports, sections } = module;
  for (let i = 0; i < exports.length; i++) {
    const { kind, index, name } = exports.at(i);
    if (kind === EXTERNAL.function) mapSet(names, index, name);
  }
  for (let i = 0; i < sections.length; i++) {
    const section = sections.at(i);
    if (section.id !== SECTION.custom || section.name !== 'name') continue;
    mapForEach(functionNames(module.bytes, section), (name, index) => mapSet(names, index, name));
  }
  return names;
}

/** Of the blocks that rested near, the one that was touched, by whole groups of 8 bytes as they are poisoned. */
function blockOf({ address, resting, seq }: Touch, access: AccessSite): Found | undefined {
  const from = address + access.offset;
  const to = from + max(access.bytes, 1);
  for (let at = 0; at < lengthOf(resting); at += NEAR.words) {
    const offset = (resting[at + NEAR.address] as number) >>> 0;
    const length = (resting[at + NEAR.size] as number) >>> 0;
    const end = floor((offset + length) / GRANULE_BYTES) * GRANULE_BYTES;
    const freed = resting[at + NEAR.freed] as number;
    if (from >= end || to <= offset || ((freed - seq) | 0) >= 0) continue;
    return { offset, length, freed, first: max(from, offset) };
  }
  return undefined;
}
