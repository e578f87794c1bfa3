import { ALLOCATOR } from './wasm-allocator.ts';

/**
 * What `test/pages/voices.js` instantiates: the small allocator, `voice_new` and `voice_delete` which call it from inside,
 * and in the function table a callback as Emscripten's audio worklets have it, which counts in its user data. The
 * memory is shared and imported.
 */
export const VOICES = `
  import memory env.memory 1 1 shared
  table 2
  elem 5 5
  export __indirect_function_table table 0
${ALLOCATOR.replace('  memory 1\n', '').replace('  export memory memory 0\n', '')}
  func iiiiiii:i               ;; 5 the callback; told to stop, it frees its user data
    local.get 6
    i32.load offset=4
    if
      local.get 6
      call 1
      i32.const 0
      return
    end
    local.get 6
    local.get 6
    i32.load
    i32.const 1
    i32.add
    i32.store
    i32.const 1
  end`;
