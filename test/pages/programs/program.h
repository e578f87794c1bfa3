/* What the programs have of Emscripten: the types of webaudio.h, and names that a release build loses. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef MINIFIED
#define EXPORT(name, letter) __attribute__((export_name(#letter)))
#define IMPORT(name, letter) __attribute__((import_module("a"), import_name(#letter)))
#else
#define EXPORT(name, letter) __attribute__((export_name(#name)))
#define IMPORT(name, letter) __attribute__((import_module("env"), import_name(#name)))
#endif

typedef struct {
  int numberOfChannels;
  int samplesPerChannel;
  float *data;
} AudioSampleFrame;

typedef struct {
  int length;
  float *data;
} AudioParamFrame;

typedef bool Callback(int, const AudioSampleFrame *, int, AudioSampleFrame *, int, const AudioParamFrame *, void *);

/* Has a function called in the other thread: in the audio worklet from the page, in the page from the worklet. */
IMPORT(post_function, a) void post_function(void (*function)(void *), void *argument);
IMPORT(now, b) double now(void);

/* An allocator that several threads may call: own-heap.c, or locked-libc.c. */
void *heap_malloc(size_t size);
void heap_free(void *block);
void *heap_realloc(void *block, size_t size);

typedef int Lock;

static inline void lock(Lock *lock) {
  while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE)) {
  }
}

static inline void unlock(Lock *lock) { __atomic_store_n(lock, 0, __ATOMIC_RELEASE); }
