/**
 * A module with a small allocator: blocks are taken one behind the other, each begins on a multiple of 16, and the last
 * one that was given back is handed out again. Its memory is exported.
 */
export const ALLOCATOR = `
  memory 1
  global i 1024
  global i 0
  export malloc func 0
  export free func 1
  export realloc func 2
  export voice_new func 3
  export voice_delete func 4
  export memory memory 0
  func i:i                     ;; 0 malloc
    global.get 1
    if
      global.get 1
      i32.const 0
      global.set 1
      return
    end
    global.get 0
    global.get 0
    local.get 0
    i32.const 15
    i32.add
    i32.const -16
    i32.and
    i32.add
    global.set 0
  end
  func i:                      ;; 1 free
    local.get 0
    global.set 1
  end
  func ii:i locals i           ;; 2 realloc
    local.get 1
    call 0
    local.set 2
    local.get 0
    call 1
    local.get 2
  end
  func :i                      ;; 3 voice_new
    i32.const 32
    call 0
  end
  func i:                      ;; 4 voice_delete
    local.get 0
    call 1
  end`;

/** Another function, for such a module: `add` adds to the number that lies 8 bytes behind an address. */
export const ADD = `
  export add func 5
  func ii:i                    ;; 5 add
    local.get 0
    local.get 0
    i32.load offset=8
    local.get 1
    i32.add
    i32.store offset=8
    local.get 0
    i32.load offset=8
  end`;
