/* A small allocator of a program's own: first fit in a list by address, neighbours joined as they are given back. */
#include "program.h"

#define ALIGNMENT 16
#define PAGE 65536

/* In front of each block; the list is of those that are free. */
typedef struct Header {
  size_t size;
  struct Header *next;
  size_t padding[2];
} Header;

extern unsigned char __heap_base;
static Header *unused;
static uintptr_t end;
static Lock heap;

static void give_back(Header *given) {
  Header **link = &unused;
  while (*link && *link < given) link = &(*link)->next;
  Header *next = *link;
  given->next = next;
  *link = given;
  if (next && (uintptr_t)(given + 1) + given->size == (uintptr_t)next) {
    given->size += sizeof(Header) + next->size;
    given->next = next->next;
  }
  if (link == &unused) return;
  Header *before = (Header *)((uintptr_t)link - offsetof(Header, next));
  if ((uintptr_t)(before + 1) + before->size != (uintptr_t)given) return;
  before->size += sizeof(Header) + given->size;
  before->next = given->next;
}

static bool add_pages(size_t size) {
  if (end == 0) {
    end = ((uintptr_t)&__heap_base + ALIGNMENT - 1) & -ALIGNMENT;
  } else if (__builtin_wasm_memory_grow(0, (size + sizeof(Header) + PAGE - 1) / PAGE) == (size_t)-1) {
    return false;
  }
  uintptr_t from = end;
  end = __builtin_wasm_memory_size(0) * PAGE;
  if (end - from <= sizeof(Header)) return true;
  Header *added = (Header *)from;
  added->size = end - from - sizeof(Header);
  give_back(added);
  return true;
}

static Header *take(size_t size) {
  for (;;) {
    for (Header **link = &unused; *link; link = &(*link)->next) {
      Header *found = *link;
      if (found->size < size) continue;
      if (found->size - size <= sizeof(Header)) {
        *link = found->next;
        return found;
      }
      Header *rest = (Header *)((uintptr_t)(found + 1) + size);
      rest->size = found->size - size - sizeof(Header);
      rest->next = found->next;
      found->size = size;
      *link = rest;
      return found;
    }
    if (!add_pages(size)) return NULL;
  }
}

#ifndef MINIFIED
__attribute__((export_name("malloc")))
#endif
__attribute__((noinline)) void *heap_malloc(size_t size) {
  lock(&heap);
  Header *found = take((size + ALIGNMENT - 1) & -ALIGNMENT);
  unlock(&heap);
  return found ? found + 1 : NULL;
}

#ifndef MINIFIED
__attribute__((export_name("free")))
#endif
__attribute__((noinline)) void heap_free(void *block) {
  if (!block) return;
  lock(&heap);
  give_back((Header *)block - 1);
  unlock(&heap);
}

#ifndef MINIFIED
__attribute__((export_name("realloc")))
#endif
__attribute__((noinline)) void *heap_realloc(void *block, size_t size) {
  if (block && ((Header *)block - 1)->size >= size) return block;
  void *moved = heap_malloc(size);
  if (!block || !moved) return moved;
  __builtin_memcpy(moved, block, ((Header *)block - 1)->size);
  heap_free(block);
  return moved;
}
