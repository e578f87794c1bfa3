import { floor, max } from '../base/intrinsics.ts';
import type { Result } from '../base/result.ts';
import { BinaryReader } from './binary-reader.ts';
import { isAccess, writesMemory } from './check-plan.ts';
import { CodeBody } from './code-body.ts';
import { OPCODE } from './opcodes.ts';
import { definedFunctionAt, type WasmModule } from './read-module.ts';
import { attempt, malformed, type Refusal } from './refusal.ts';
import { GRANULE_BYTES } from './shadow.ts';

/** An instruction that touches memory, found by where it is in its module. */
export interface AccessSite {
  /** Such as `i32.load8_u`. */
  readonly name: string;
  /** The index of its function, imported ones counted. */
  readonly functionIndex: number;
  /** From the beginning of that function's body. */
  readonly functionOffset: number;
  /** What it adds to its address. */
  readonly offset: number;
  /** How many bytes it touches there; 0 where that is an operand, as of `memory.copy`. */
  readonly bytes: number;
  readonly writes: boolean;
}

/** The access at a byte of the original module, as reports name it. */
export function readAccessSite(module: WasmModule, site: number): Result<AccessSite, Refusal> {
  return attempt(() => {
    const defined = definedFunctionAt(module, site);
    const from = module.bodyFrom.at(defined);
    const to = module.bodyTo.at(defined);
    if (defined < 0 || site >= to) malformed('in no function', site);
    const body = new CodeBody();
    body.read(new BinaryReader(module.bytes, from, to), to);
    let i = 0;
    while (i < body.length && (body.at[i] as number) < site) i++;
    const op = body.op[i] as number;
    if (body.at[i] !== site || !isAccess(op)) malformed('no access to memory', site);
    return {
      name: OPCODE.name[op] as string,
      functionIndex: module.importedFunctions + defined,
      functionOffset: site - from,
      offset: OPCODE.bytes[op] === 0 ? 0 : (body.first[i] as number) >>> 0,
      bytes: OPCODE.bytes[op] as number,
      writes: writesMemory(op),
    };
  });
}

/**
 * Whether an access really touches what is freed: a report is only a hint, made a granule too low at worst. Gives the
 * first byte that does; undefined for none.
 */
export function firstFreed(
  shadow: Uint8Array,
  { offset, bytes }: AccessSite,
  address: number,
): number | undefined {
  const from = address + offset;
  // A stretch is reported by its first freed byte.
  const last = floor((from + max(bytes, 1) - 1) / GRANULE_BYTES);
  for (let granule = floor(from / GRANULE_BYTES); granule <= last; granule++) {
    if (shadow[granule] !== 0) return max(granule * GRANULE_BYTES, from);
  }
  return undefined;
}
