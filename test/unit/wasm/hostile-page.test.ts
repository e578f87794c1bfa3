import { expect, test } from 'vitest';
import { findAllocator, hookable } from '../../../src/wasm/find-allocator.ts';
import { instrument } from '../../../src/wasm/instrument.ts';
import { readModule } from '../../../src/wasm/read-module.ts';
import { assemble } from '../../support/wasm-assembler.ts';
import { FROM, INNER_SHADOW } from '../../support/wasm-differential.ts';
import { generateModule } from '../../support/wasm-generator.ts';
import { publishedModule } from '../../support/wasm-modules.ts';
import '../../support/wasm-engine.ts';

/** What a page may put its hands on. */
const PROTOTYPES: readonly object[] = [
  Array.prototype,
  Map.prototype,
  Set.prototype,
  String.prototype,
  RegExp.prototype,
  Number.prototype,
  Uint8Array.prototype,
  Object.getPrototypeOf(Uint8Array.prototype),
  Object.getPrototypeOf([][Symbol.iterator]()),
];
const FUNCTIONS: readonly object[] = [Math, Reflect, Number, String, Array];

interface Change {
  readonly owner: object;
  readonly key: PropertyKey;
  readonly was: PropertyDescriptor;
  readonly becomes: PropertyDescriptor;
}

function broken(): never {
  throw new Error('the page’s own');
}

/** Made beforehand: while they are in force nothing works. */
const CHANGES: readonly Change[] = [...PROTOTYPES, ...FUNCTIONS].flatMap((owner) =>
  Reflect.ownKeys(owner).flatMap((key): Change[] => {
    const was = Object.getOwnPropertyDescriptor(owner, key);
    if (!was?.configurable || key === 'constructor') return [];
    if (was.get) return [{ owner, key, was, becomes: { ...was, get: broken } }];
    if (typeof was.value !== 'function') return [];
    return [{ owner, key, was, becomes: { ...was, value: broken } }];
  }),
);

/** Runs `work` while every method and every getter of the built-ins throws. */
function withBrokenBuiltIns<T>(work: () => T): T {
  const { defineProperty } = Object;
  const { length } = CHANGES;
  try {
    for (let i = 0; i < length; i++) {
      const change = CHANGES[i] as Change;
      defineProperty(change.owner, change.key, change.becomes);
    }
    return work();
  } finally {
    for (let i = 0; i < length; i++) {
      const change = CHANGES[i] as Change;
      defineProperty(change.owner, change.key, change.was);
    }
  }
}

const CHECKS = {
  accesses: 'all',
  precision: 'accumulated',
  bodies: 'two',
  shared: true,
  shadow: INNER_SHADOW,
} as const;

test('a page that has broken its built-ins gets the same module', () => {
  const generated = assemble(generateModule(5, { shared: true, simd: true, bounded: true }));
  for (const bytes of [generated, publishedModule('webp')]) {
    const work = () => {
      const read = readModule(bytes);
      if (!read.ok) return read;
      const allocator = findAllocator(
        read.value,
        'var _malloc=wasmExports["m"],_free=wasmExports.f;',
      );
      if (!allocator.ok) return allocator;
      const heap = hookable(allocator.value);
      return instrument(bytes, { from: FROM, checks: CHECKS, heap, atomics: true });
    };
    const plain = work();
    const hostile = withBrokenBuiltIns(work);
    if (!plain.ok || !hostile.ok) throw new Error('refused');
    expect(Buffer.compare(hostile.value.bytes, plain.value.bytes)).toBe(0);
  }
});

test('a page that has broken its built-ins gets the same refusal', () => {
  const bytes = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 0xff]);
  const refused = withBrokenBuiltIns(() => instrument(bytes, { from: FROM }));
  expect(refused.ok || refused.error.reason).toBe('unexpected end');
});
