import { describe, expect, test } from 'vitest';
import { type AccessSite, firstFreed, readAccessSite } from '../../../src/wasm/access-site.ts';
import { instrument } from '../../../src/wasm/instrument.ts';
import { originalFunction } from '../../../src/wasm/original-function.ts';
import { readModule } from '../../../src/wasm/read-module.ts';
import { CELL, shadowOf, shadowPages } from '../../../src/wasm/shadow.ts';
import { assemble } from '../../support/wasm-assembler.ts';
import { FROM, INNER_SHADOW } from '../../support/wasm-differential.ts';
import { BOUNDED_PAGES } from '../../support/wasm-generator.ts';
import '../../support/wasm-engine.ts';

const BYTES = assemble(`
  import func env.f :
  import memory env.memory ${BOUNDED_PAGES} ${BOUNDED_PAGES} shared
  func :
    call 0
  end
  func i:l
    local.get 0
    i64.load32_s offset=300
    local.get 0
    i32.const 0
    i32.const 9
    memory.fill 0
  end`);

function parsed() {
  const read = readModule(BYTES);
  if (!read.ok) throw new Error(read.error.reason);
  return read.value;
}

/** Where an opcode stands in the second function. */
const placeOf = (opcode: number): number => BYTES.indexOf(opcode, parsed().bodyFrom.at(1) + 3);

describe('a site', () => {
  test('is an access of a function, with all that is constant about it', () => {
    const module = parsed();
    const site = placeOf(0x34);
    const read = readAccessSite(module, site);
    expect(read.ok && read.value).toEqual({
      name: 'i64.load32_s',
      functionIndex: 2,
      functionOffset: site - module.bodyFrom.at(1),
      offset: 300,
      bytes: 4,
      writes: false,
    });
    const fill = readAccessSite(module, placeOf(0xfc));
    expect(fill.ok && fill.value).toMatchObject({ name: 'memory.fill', bytes: 0, writes: true });
  });

  test('that is no access is refused', () => {
    const module = parsed();
    for (const site of [0, placeOf(0x34) + 1, module.bodyFrom.at(0) + 1, BYTES.length + 9]) {
      expect(readAccessSite(module, site).ok).toBe(false);
    }
  });
});

describe('what an access really touches', () => {
  const at = (offset: number, bytes: number): AccessSite => ({
    name: '',
    functionIndex: 0,
    functionOffset: 0,
    offset,
    bytes,
    writes: false,
  });
  const shadow = new Uint8Array(16);
  shadow[4] = 1;

  test.each([
    [32, 0, 4, 32],
    [39, 0, 1, 39],
    [40, 0, 8, undefined],
    [24, 0, 8, undefined],
    [25, 0, 8, 32],
    [20, 16, 4, 36],
    [36, 0, 0, 36],
  ])('at %i plus %i, %i bytes', (address, offset, bytes, first) => {
    expect(firstFreed(shadow, at(offset, bytes), address)).toBe(first);
  });
});

test('a shadow reaches as far as its heap can grow', () => {
  const memory = { minimum: 1, shared: true, address64: false, from: 0, to: 0 };
  expect(shadowOf({ ...memory, maximum: 8 }).cells).toBe(65_536);
  expect(shadowPages(shadowOf({ ...memory, maximum: 8 }))).toBe(2);
  expect(shadowPages(shadowOf({ ...memory, maximum: 7 }))).toBe(1);
  expect(shadowPages(shadowOf({ ...memory, maximum: undefined }))).toBe(8193);
  expect(CELL.armed + 4).toBeLessThanOrEqual(CELL.bytes);
});

test('functions of an instrumented module are those of the original, copies of them, or ours', () => {
  const made = instrument(BYTES, {
    from: FROM,
    checks: {
      accesses: 'all',
      precision: 'exact',
      bodies: 'two',
      shared: true,
      shadow: INNER_SHADOW,
    },
  });
  if (!made.ok) throw new Error(made.error.reason);
  const { value } = made;
  const count = 3 + value.shift + value.copies.length;
  const originals = Array.from({ length: count + 1 }, (_, i) => originalFunction(value, i));
  const ours = value.copies.length - 1;
  expect(originals).toEqual([0, undefined, 1, 2, ...Array(ours).fill(undefined), 2, undefined]);
});
