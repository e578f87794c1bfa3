import { findAllocator } from '../../src/wasm/find-allocator.ts';
import { instrument } from '../../src/wasm/instrument.ts';
import { readModule } from '../../src/wasm/read-module.ts';

/** What benches measure, as one module. */
export { findAllocator, instrument, readModule };
