import {
  bufferBytes,
  charCodeAt,
  IntrinsicInt32Array,
  IntrinsicUint8Array,
  indexOf,
  lengthOf,
  setBytes,
  slice,
} from '../base/intrinsics.ts';

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

/** The instrumented form of a module. */
export interface Rewrite {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly layout: FunctionLayout;
  /** Whether all blocks that come and go are heard. Not in the section: the page that rewrites tells the others. */
  readonly isWhole?: boolean;
  /** Whether it tells of its allocator. */
  readonly hearsHeap: boolean;
  /** Whether it tells of its atomic instructions. */
  readonly recordsAtomics: boolean;
  /** Undefined where its accesses are not checked. */
  readonly checks: CheckLayout | undefined;
}

const HEAD_WORDS = 11;
const TELLS = { atomics: 1, heap: 2 } as const;
const FLAG = { checks: 1, shared: 2, defines: 4, isBounded: 8 } as const;
const CUSTOM_SECTION = 0;

/**
 * Puts `rewrite` behind the original, as a custom section whose name only we know:
 *
 *     original | 0, size, name | imported functions, functions, shift, number of copies, TELLS, checks | copies | instrumented bytes
 *
 * A module made of that is the original in every way, wherever it goes, and whoever knows the name can instantiate
 * the other in its stead.
 */
export function tagModule(
  original: Uint8Array,
  name: string,
  { bytes, layout, recordsAtomics, hearsHeap, checks }: Rewrite,
): Uint8Array<ArrayBuffer> {
  const { copies } = layout;
  const head = new IntrinsicInt32Array(HEAD_WORDS + lengthOf(copies));
  head[0] = layout.importedFunctions;
  head[1] = layout.functions;
  head[2] = layout.shift;
  head[3] = lengthOf(copies);
  head[4] = (recordsAtomics ? TELLS.atomics : 0) | (hearsHeap ? TELLS.heap : 0);
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
  for (let i = 0; i < lengthOf(copies); i++) head[HEAD_WORDS + i] = copies[i] as number;
  const headBytes = lengthOf(head) * 4;
  const contents = lebBytes(name.length) + name.length + headBytes + lengthOf(bytes);
  const from = lengthOf(original);
  const out = new IntrinsicUint8Array(from + 1 + lebBytes(contents) + contents);
  setBytes(out, original, 0);
  let at = from;
  out[at++] = CUSTOM_SECTION;
  at = writeLeb(out, at, contents);
  at = writeLeb(out, at, name.length);
  for (let i = 0; i < name.length; i++) out[at++] = charCodeAt(name, i);
  for (let i = 0; i < lengthOf(head); i++) {
    for (let bits = 0; bits < 32; bits += 8) out[at++] = (head[i] as number) >>> bits;
  }
  setBytes(out, bytes, at);
  return out;
}

/** What `tagModule` has put there; undefined for anything else. */
export function readTag(section: ArrayBuffer): Rewrite | undefined {
  const length = bufferBytes(section);
  if (length < HEAD_WORDS * 4) return undefined;
  const head = new IntrinsicInt32Array(section, 0, HEAD_WORDS);
  const copies = head[3] as number;
  const tells = head[4] as number;
  const at = (HEAD_WORDS + copies) * 4;
  if (!(copies >= 0) || at > length) return undefined;
  return {
    bytes: new IntrinsicUint8Array(section, at, length - at),
    layout: {
      importedFunctions: head[0] as number,
      functions: head[1] as number,
      shift: head[2] as number,
      copies: new IntrinsicInt32Array(section, HEAD_WORDS * 4, copies),
    },
    recordsAtomics: (tells & TELLS.atomics) !== 0,
    hearsHeap: (tells & TELLS.heap) !== 0,
    checks: checksIn(head),
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

/** Which function of the original a function of the instrumented module is; undefined: it is ours. */
function originalIndex(
  { importedFunctions, functions, shift, copies }: FunctionLayout,
  index: number,
): number | undefined {
  if (index < importedFunctions) return index;
  if (index < importedFunctions + shift) return undefined;
  if (index < functions + shift) return index - shift;
  const copied = copies[index - functions - shift];
  return copied === undefined || copied < 0 ? undefined : copied;
}

const FUNCTION = 'wasm-function[';

/**
 * Says of the functions in a stack which of the original they are; where in them is left out, for that is of the
 * instrumented module. Frames of ours lose their number.
 */
export function originalStack(stack: string, layout: FunctionLayout): string {
  let out = '';
  let from = 0;
  for (;;) {
    const found = indexOf(stack, FUNCTION, from);
    if (found < 0) return out + slice(stack, from);
    let at = found + FUNCTION.length;
    let index = 0;
    for (let digit = digitAt(stack, at); digit >= 0; digit = digitAt(stack, ++at)) {
      index = index * 10 + digit;
    }
    const original = originalIndex(layout, index);
    out += `${slice(stack, from, found)}${FUNCTION}${original ?? ''}]`;
    // Behind it `]:0x1a2b`, and the bracket of the frame.
    const next = indexOf(stack, ')', at);
    const line = indexOf(stack, '\n', at);
    from = next >= 0 && (line < 0 || next < line) ? next : line < 0 ? stack.length : line;
  }
}

function digitAt(text: string, at: number): number {
  const digit = charCodeAt(text, at) - 0x30;
  return digit >= 0 && digit <= 9 ? digit : -1;
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
