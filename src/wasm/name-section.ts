import { IntrinsicMap, mapGet, mapSet } from '../base/intrinsics.ts';
import { BinaryReader } from './binary-reader.ts';
import { BinaryWriter } from './binary-writer.ts';
import * as LIMITS from './limits.ts';
import { attempt } from './refusal.ts';
import type { Rewriting } from './rewriting.ts';
import type { Section } from './section.ts';

/** Parts of the name section (appendix "Custom Sections", and the extended name section proposal). */
const PART = { module: 0, functions: 1, locals: 2, labels: 3 } as const;

/** The names of functions, by index; empty where the section makes no sense, as engines take it. */
export function functionNames(bytes: Uint8Array, section: Section): Map<number, string> {
  const names = new IntrinsicMap<number, string>();
  attempt(() => {
    const reader = new BinaryReader(bytes, section.from, section.to);
    while (!reader.done) {
      const part = reader.byte();
      const end = reader.u32() + reader.at;
      if (part === PART.functions) {
        const count = reader.count(LIMITS.names, 'names');
        for (let i = 0; i < count; i++) mapSet(names, reader.u32(), reader.name());
      }
      reader.at = end;
    }
  });
  return names;
}

/**
 * Writes the contents of a name section with the functions where they are now; those that are copies are called like
 * their originals. Undefined where the section makes no sense.
 */
export function remapNames(section: Section, rewriting: Rewriting): BinaryWriter | undefined {
  const { bytes } = rewriting.module;
  const remapped = attempt(() => {
    const out = new BinaryWriter(section.to - section.from + 64);
    const part = new BinaryWriter();
    const reader = new BinaryReader(bytes, section.from, section.to);
    while (!reader.done) {
      const start = reader.at;
      const id = reader.byte();
      const size = reader.u32();
      const end = reader.at + size;
      reader.skip(size);
      if (id === PART.functions || id === PART.locals || id === PART.labels) {
        reader.at = end - size;
        part.reset();
        if (id === PART.functions) writeFunctionNames(reader, rewriting, part);
        else {
          const count = reader.u32();
          part.u32(count);
          for (let i = 0; i < count; i++) {
            part.u32(rewriting.functionIndex(reader.u32()));
            copyNameMap(reader, bytes, part);
          }
        }
        out.byte(id);
        out.sized(part);
      } else out.copy(bytes, start, end);
      reader.at = end;
    }
    return out;
  });
  return remapped.ok ? remapped.value : undefined;
}

function writeFunctionNames(reader: BinaryReader, rewriting: Rewriting, out: BinaryWriter): void {
  const { bytes } = reader;
  const count = reader.u32();
  const own = new BinaryWriter();
  /** Where the name of each lies in the bytes. */
  const places = new IntrinsicMap<number, number>();
  for (let i = 0; i < count; i++) {
    const index = reader.u32();
    mapSet(places, index, reader.at);
    own.u32(rewriting.functionIndex(index));
    const from = reader.at;
    reader.skipName();
    own.copy(bytes, from, reader.at);
  }
  let copies = 0;
  const { copies: originals, module, shift } = rewriting;
  for (let i = 0; i < originals.length; i++) {
    const place = mapGet(places, originals.at(i));
    if (place === undefined) continue;
    copies++;
    own.u32(module.functions.length + shift + i);
    const name = new BinaryReader(bytes, place, reader.end);
    name.skipName();
    own.copy(bytes, place, name.at);
  }
  out.u32(count + copies);
  out.append(own);
}

function copyNameMap(reader: BinaryReader, bytes: Uint8Array, out: BinaryWriter): void {
  const from = reader.at;
  for (let left = reader.u32(); left > 0; left--) {
    reader.u32();
    reader.skipName();
  }
  out.copy(bytes, from, reader.at);
}
