import { apply, defineProperty, getOwnPropertyDescriptor } from '../base/intrinsics.ts';
import type { GrowthHost, MemoryGrowth } from './memory-growth.ts';

/**
 * Views are made of the `buffer` of a memory, mostly when a program starts; some programs ask for it all the time. So only
 * the first so many reads of a thread are seen, and then the engine's own getter stands there again.
 */
const READS_SEEN = 32;

/** Lets `growth` know who reads the buffers of memories. `prototype` is that of `WebAssembly.Memory`. */
export function observeBufferReads(
  { patches, fault }: GrowthHost,
  prototype: object,
  growth: MemoryGrowth,
): void {
  const before = getOwnPropertyDescriptor(prototype, 'buffer');
  let left = READS_SEEN;
  const replaced = patches.method(
    prototype,
    'buffer',
    (native, self, args) => {
      const buffer = apply(native, self, args);
      try {
        growth.read(self as object);
        if (--left === 0) restore();
      } catch (error) {
        fault(error);
      }
      return buffer;
    },
    'get',
  );
  const ours = getOwnPropertyDescriptor(prototype, 'buffer')?.get;
  const restore = (): void => {
    if (replaced) replaced.trap = undefined;
    const now = getOwnPropertyDescriptor(prototype, 'buffer')?.get;
    if (before && now === ours) defineProperty(prototype, 'buffer', before);
  };
}

/** Lets `growth` know when `grow()` is called. */
export function observeGrowCalls(
  { patches, fault }: GrowthHost,
  prototype: object,
  growth: MemoryGrowth,
): void {
  const guard = (run: () => void): void => {
    try {
      run();
    } catch (error) {
      fault(error);
    }
  };
  patches.method(prototype, 'grow', (native, self, args) => {
    guard(() => growth.saw(self as object));
    const pages = apply(native, self, args);
    guard(() => growth.look(self as object, 'called'));
    return pages;
  });
}
