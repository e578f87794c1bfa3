import { ALLOCATOR } from './wasm-allocator.ts';
import { assemble } from './wasm-assembler.ts';

/** Inner loops of audio code: `f(samples, count, other)` goes over that many floats. */
const KERNELS = {
  biquad: `
    loop
      local.get 0
      local.get 0
      f32.load
      local.tee 6
      local.get 2
      f32.load
      f32.mul
      local.get 2
      f32.load offset=20
      f32.add
      local.tee 7
      f32.store
      local.get 2
      local.get 6
      local.get 2
      f32.load offset=4
      f32.mul
      local.get 7
      local.get 2
      f32.load offset=12
      f32.mul
      f32.sub
      local.get 2
      f32.load offset=24
      f32.add
      f32.store offset=20
      local.get 2
      local.get 6
      local.get 2
      f32.load offset=8
      f32.mul
      local.get 7
      local.get 2
      f32.load offset=16
      f32.mul
      f32.sub
      f32.store offset=24
      local.get 0
      i32.const 4
      i32.add
      local.set 0
      local.get 1
      i32.const 1
      i32.sub
      local.tee 1
      br_if 0
    end`,
  'FIR of 32 taps': `
    loop
      f32.const 0
      local.set 6
      i32.const 0
      local.set 3
      loop
        local.get 6
        local.get 0
        local.get 3
        i32.const 2
        i32.shl
        i32.add
        f32.load
        local.get 2
        local.get 3
        i32.const 2
        i32.shl
        i32.add
        f32.load
        f32.mul
        f32.add
        local.set 6
        local.get 3
        i32.const 1
        i32.add
        local.tee 3
        i32.const 32
        i32.lt_u
        br_if 0
      end
      local.get 0
      local.get 6
      f32.store offset=16384
      local.get 0
      i32.const 4
      i32.add
      local.set 0
      local.get 1
      i32.const 1
      i32.sub
      local.tee 1
      br_if 0
    end`,
  'mix of two buffers': `
    loop
      local.get 0
      local.get 3
      i32.add
      local.get 0
      local.get 3
      i32.add
      f32.load
      local.get 2
      local.get 3
      i32.add
      f32.load
      f32.add
      f32.const 0.5
      f32.mul
      f32.store
      local.get 3
      i32.const 4
      i32.add
      local.tee 3
      local.get 1
      i32.const 2
      i32.shl
      i32.lt_u
      br_if 0
    end`,
  'delay line of any length': `
    loop
      local.get 2
      local.get 4
      i32.const 2
      i32.shl
      i32.add
      local.tee 5
      local.get 0
      f32.load
      local.tee 6
      f32.store
      local.get 0
      local.get 6
      local.get 2
      local.get 4
      i32.const 7
      i32.mul
      i32.const 511
      i32.and
      i32.const 2
      i32.shl
      i32.add
      f32.load
      f32.add
      f32.const 0.5
      f32.mul
      f32.store
      local.get 4
      i32.const 13
      i32.add
      i32.const 511
      i32.and
      local.set 4
      local.get 0
      i32.const 4
      i32.add
      local.set 0
      local.get 1
      i32.const 1
      i32.sub
      local.tee 1
      br_if 0
    end`,
} as const;

export type KernelName = keyof typeof KERNELS;
export const KERNEL_NAMES = Object.keys(KERNELS) as readonly KernelName[];

export function kernel(name: KernelName): Uint8Array<ArrayBuffer> {
  return assemble(`
    memory 2 2
    export f func 0
    export memory memory 0
    func iii: locals iiiffff
      ${KERNELS[name]}
    end`);
}

/** The same in a module that also has the small allocator. */
export function kernelWithAllocator(name: KernelName): Uint8Array<ArrayBuffer> {
  return assemble(`
${ALLOCATOR.replace('  memory 1\n', '  memory 2 2\n')}
  export f func 5
  func iii: locals iiiffff     ;; 5
    ${KERNELS[name]}
  end`);
}
