/** Puts WebAssembly modules together byte by byte. */

export function leb(value: number): readonly number[] {
  const low = value & 0x7f;
  return value < 0x80 ? [low] : [low | 0x80, ...leb(Math.floor(value / 0x80))];
}

const name = (text: string): readonly number[] => [text.length, ...Buffer.from(text)];
const section = (id: number, contents: readonly number[]): readonly number[] => [
  id,
  ...leb(contents.length),
  ...contents,
];
const list = (items: readonly (readonly number[])[]): readonly number[] => [
  ...leb(items.length),
  ...items.flat(),
];

export const imported = {
  function: [...name('env'), ...name('f'), 0, 0],
  table: [...name('env'), ...name('t'), 1, 0x70, 0, 1],
  global: [...name('env'), ...name('g'), 3, 0x7f, 0],
  memory: [...name('env'), ...name('m'), 2, 0, 1],
  sharedMemory: [...name('env'), ...name('m'), 2, 3, 1, 2],
} as const;

export interface ModuleParts {
  readonly imports?: readonly (readonly number[])[];
  /** Limits of memories that the module defines. */
  readonly memories?: readonly (readonly number[])[];
  /** Bodies of functions without parameters and results, without the `end`. */
  readonly code?: readonly (readonly number[])[];
}

export function wasmModule({
  imports = [],
  memories = [],
  code = [],
}: ModuleParts): Uint8Array<ArrayBuffer> {
  const bodies = code.map((body) => [0, ...body, 0x0b]);
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, list([[0x60, 0, 0]])),
    ...(imports.length > 0 ? section(2, list(imports)) : []),
    ...section(3, list(code.map(() => [0]))),
    ...(memories.length > 0 ? section(5, list(memories)) : []),
    ...section(10, list(bodies.map((body) => [...leb(body.length), ...body]))),
  ]);
}
