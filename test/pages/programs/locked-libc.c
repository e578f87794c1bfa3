/* wasi-libc's dlmalloc, behind a lock: it was built for one thread. */
#include <stdlib.h>

#include "program.h"

static Lock heap;

#ifndef MINIFIED
__attribute__((export_name("malloc")))
#endif
__attribute__((noinline)) void *heap_malloc(size_t size) {
  lock(&heap);
  void *block = malloc(size);
  unlock(&heap);
  return block;
}

#ifndef MINIFIED
__attribute__((export_name("free")))
#endif
__attribute__((noinline)) void heap_free(void *block) {
  lock(&heap);
  free(block);
  unlock(&heap);
}

#ifndef MINIFIED
__attribute__((export_name("realloc")))
#endif
__attribute__((noinline)) void *heap_realloc(void *block, size_t size) {
  lock(&heap);
  void *moved = realloc(block, size);
  unlock(&heap);
  return moved;
}
