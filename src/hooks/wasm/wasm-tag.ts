import {
  bufferBytes,
  charCodeAt,
  IntrinsicInt32Array,
  IntrinsicUint8Array,
  lengthOf,
  setBytes,
} from '../../base/intrinsics.ts';

/** Where the functions of an instrumented module are, of which its stacks tell. */
export interface FunctionLayout {
  readonly importedFunctions: number;
  readonly functions: number;
  readonly shift: number;
  /** Of the functions behind the original's, which of those each is a copy of; −1 for what is ours. */
  readonly copies: Int32Array<ArrayBuffer>;
}

/** What the checks of an instrumented module need. Sizes are in pages. */
export interface CheckLayout {
  /** The number of the module, by which the page knows the original. */
  readonly module: number;
  /** Whether its memory is shared. */
  readonly shared: boolean;
  /** Whether its original defines that memory. */
  readonly defines: boolean;
  readonly minimum: number;
  /** As far as it can grow, or its engine lets it. */
  readonly maximum: number;
  readonly isBounded: boolean;
  /** The memory of the shadow. */
  readonly pages: number;
  /** Where its control cells lie, in bytes. */
  readonly cells: number;
}

/** What is known of the instrumented form of a module. */
export interface Form {
  readonly layout: FunctionLayout;
  /** Whether it tells of its allocator. */
  readonly hearsHeap: boolean;
  /** Whether it tells of calls by which its allocator may be found. */
  readonly hearsCalls: boolean;
  /** Whether it tells of its atomic instructions. */
  readonly recordsAtomics: boolean;
  /** Undefined where its accesses are not checked. */
  readonly checks: CheckLayout | undefined;
}

export interface Rewrite extends Form {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether all blocks that come and go are heard. Not in the section: the page that rewrites tells the others. */
  readonly isWhole?: boolean;
}

/** Gives the number by which the original can be found again; undefined where there is no room for it. */
export type KeepModule = (original: Uint8Array) => number | undefined;

/** Makes the form of a module that imports from the module `from`; undefined, and `uncovered` hears why: it stays as it is. */
export type RewriteModule = (
  bytes: Uint8Array,
  from: string,
  uncovered: (why: string) => void,
  keep?: KeepModule,
) => Rewrite | undefined;

/** What a module tells of its instrumented form wherever it goes. */
export interface Tag extends Form {
  /** See `HeapBlocks`. */
  readonly key: number;
  /** The number by which the page has sent the form ahead; 0: it has not. */
  readonly ahead: number;
}

const HEAD_WORDS = 13;
const TELLS = { atomics: 1, heap: 2, calls: 4 } as const;
const FLAG = { checks: 1, shared: 2, defines: 4, isBounded: 8 } as const;
const CUSTOM_SECTION = 0;

/** The name of the section with the bytes: to ask for a section copies it, and most need the other only. */
export function bytesName(name: string): string {
  return `${name}+`;
}

/**
 * Puts a form behind the original, as two custom sections whose name only we know:
 *
 *     original | 0, size, name | imported functions, functions, shift, number of copies, TELLS, checks, key, ahead | copies
 *              | 0, size, bytesName | instrumented bytes
 *
 * A module made of that is the original in every way, wherever it goes, and whoever knows the name can instantiate
 * the other in its stead.
 */
export function tagModule(
  original: Uint8Array,
  name: string,
  { bytes, layout, recordsAtomics, hearsHeap, hearsCalls, checks }: Rewrite,
  key: number,
  ahead: number,
): Uint8Array<ArrayBuffer> {
  const { copies } = layout;
  const head = new IntrinsicInt32Array(HEAD_WORDS + lengthOf(copies));
  head[0] = layout.importedFunctions;
  head[1] = layout.functions;
  head[2] = layout.shift;
  head[3] = lengthOf(copies);
  head[4] =
    (recordsAtomics ? TELLS.atomics : 0) |
    (hearsHeap ? TELLS.heap : 0) |
    (hearsCalls ? TELLS.calls : 0);
  if (checks) {
    head[5] =
      FLAG.checks |
      (checks.shared ? FLAG.shared : 0) |
      (checks.defines ? FLAG.defines : 0) |
      (checks.isBounded ? FLAG.isBounded : 0);
    head[6] = checks.module;
    head[7] = checks.minimum;
    head[8] = checks.maximum;
    head[9] = checks.pages;
    head[10] = checks.cells;
  }
  head[11] = key;
  head[12] = ahead;
  for (let i = 0; i < lengthOf(copies); i++) head[HEAD_WORDS + i] = copies[i] as number;
  const headBytes = lengthOf(head) * 4;
  const second = bytesName(name);
  const from = lengthOf(original);
  const out = new IntrinsicUint8Array(
    from + sectionBytes(name, headBytes) + sectionBytes(second, lengthOf(bytes)),
  );
  setBytes(out, original, 0);
  let at = writeSection(out, from, name, headBytes);
  for (let i = 0; i < lengthOf(head); i++) {
    for (let bits = 0; bits < 32; bits += 8) out[at++] = (head[i] as number) >>> bits;
  }
  setBytes(out, bytes, writeSection(out, at, second, lengthOf(bytes)));
  return out;
}

/** What `tagModule` has put into the first section; undefined for anything else. */
export function readTag(section: ArrayBuffer): Tag | undefined {
  const length = bufferBytes(section);
  if (length < HEAD_WORDS * 4) return undefined;
  const head = new IntrinsicInt32Array(section, 0, HEAD_WORDS);
  const copies = head[3] as number;
  const tells = head[4] as number;
  if (!(copies >= 0) || (HEAD_WORDS + copies) * 4 > length) return undefined;
  return {
    layout: {
      importedFunctions: head[0] as number,
      functions: head[1] as number,
      shift: head[2] as number,
      copies: new IntrinsicInt32Array(section, HEAD_WORDS * 4, copies),
    },
    recordsAtomics: (tells & TELLS.atomics) !== 0,
    hearsHeap: (tells & TELLS.heap) !== 0,
    hearsCalls: (tells & TELLS.calls) !== 0,
    checks: checksIn(head),
    key: head[11] as number,
    ahead: head[12] as number,
  };
}

function checksIn(head: Int32Array): CheckLayout | undefined {
  const flags = head[5] as number;
  if (!(flags & FLAG.checks)) return undefined;
  return {
    module: head[6] as number,
    shared: (flags & FLAG.shared) !== 0,
    defines: (flags & FLAG.defines) !== 0,
    minimum: head[7] as number,
    maximum: head[8] as number,
    isBounded: (flags & FLAG.isBounded) !== 0,
    pages: head[9] as number,
    cells: head[10] as number,
  };
}

function sectionBytes(name: string, bytes: number): number {
  const contents = lebBytes(name.length) + name.length + bytes;
  return 1 + lebBytes(contents) + contents;
}

/** Gives where the contents of the section begin. */
function writeSection(out: Uint8Array, from: number, name: string, bytes: number): number {
  let at = from;
  out[at++] = CUSTOM_SECTION;
  at = writeLeb(out, at, lebBytes(name.length) + name.length + bytes);
  at = writeLeb(out, at, name.length);
  for (let i = 0; i < name.length; i++) out[at++] = charCodeAt(name, i);
  return at;
}

function lebBytes(value: number): number {
  let bytes = 1;
  for (let left = value; left >= 0x80; left /= 0x80) bytes++;
  return bytes;
}

function writeLeb(out: Uint8Array, at: number, value: number): number {
  let left = value;
  while (left >= 0x80) {
    out[at++] = (left & 0x7f) | 0x80;
    left >>>= 7;
  }
  out[at++] = left;
  return at;
}
