import { ALLOCATOR } from './wasm-allocator.ts';

/**
 * What `test/pages/held-voices.js` holds: voices as those of `wasm-voices.ts`, whose callback holds a semaphore while it
 * works. The shutdown bit and the semaphore are static, since both outlive the voice.
 */
export const HELD_VOICES = `
  import memory env.memory 1 1 shared
  table 2
  elem 5 5
  export __indirect_function_table table 0
  export voice_close func 6
  export voice_drop func 7
${ALLOCATOR.replace('  memory 1\n', '').replace('  export memory memory 0\n', '')}
  func iiiiiii:i               ;; 5 the callback
    i32.const 512
    i32.const 1
    i32.atomic.store offset=4  ;; taken
    i32.const 512
    i32.atomic.load            ;; shutdown?
    if
      i32.const 512
      i32.const 0
      i32.atomic.store offset=4
      i32.const 0
      return
    end
    local.get 6
    local.get 6
    i32.load
    i32.const 1
    i32.add
    i32.store
    i32.const 512
    i32.const 0
    i32.atomic.store offset=4  ;; let go
    i32.const 1
  end
  func i:                      ;; 6 voice_close: waits out the callback in flight
    i32.const 512
    i32.const 1
    i32.atomic.store
    loop
      i32.const 512
      i32.atomic.load offset=4
      br_if 0
    end
    local.get 0
    call 1
  end
  func i:                      ;; 7 voice_drop: does not
    i32.const 512
    i32.const 1
    i32.atomic.store
    local.get 0
    call 1
  end`;
