/*
 * Samples that a program loads as those of Emscripten's do with its Fetch: what the struct holds and what closing does is
 * as there, so the handle of what came from IndexedDB has no id. Who closes it rightly is up to the page.
 */
#include "program.h"

#define DONE 4
#define INVALID_PARAM (-5)
#define LONGEST_URL 256

typedef struct {
  char requestMethod[32];
  void *userData;
  void (*onsuccess)(void *), (*onerror)(void *), (*onprogress)(void *), (*onreadystatechange)(void *);
  uint32_t attributes, timeout, withCredentials;
  const char *destinationPath, *userName, *password, *const *requestHeaders, *overriddenMimeType, *requestData;
  size_t requestDataSize;
} Attributes;

typedef struct Fetch {
  uint32_t id;
  void *userData;
  const char *url;
  const char *data;
  uint64_t numBytes, dataOffset, totalBytes;
  unsigned short readyState, status;
  char statusText[64];
  uint32_t proxyState;
  Attributes attributes;
} Fetch;

/* Begins the request; with `persist` from IndexedDB. */
IMPORT(start_fetch, c) void start_fetch(Fetch *fetch, int persist);

static char url[LONGEST_URL];

static void *cleared(size_t size) {
  char *block = heap_malloc(size);
  for (size_t i = 0; block && i < size; i++) block[i] = 0;
  return block;
}

static char *duplicate(const char *text) {
  size_t length = 0;
  while (text[length]) length++;
  char *copy = cleared(length + 1);
  for (size_t i = 0; copy && i < length; i++) copy[i] = text[i];
  return copy;
}

/* Where the page writes the URL of the next fetch. */
EXPORT(fetch_url, c) char *fetch_url(void) { return url; }

EXPORT(fetch_new, d) Fetch *fetch_new(int persist) {
  Fetch *fetch = cleared(sizeof(Fetch));
  if (!fetch) return NULL;
  fetch->url = duplicate(url);
  for (int i = 0; i < 3; i++) fetch->attributes.requestMethod[i] = "GET"[i];
  start_fetch(fetch, persist);
  return fetch;
}

/* Room for what was loaded, freed with the handle. */
EXPORT(fetch_data, e) void *fetch_data(size_t size) { return heap_malloc(size); }

EXPORT(fetch_loaded, f) void fetch_loaded(Fetch *fetch, uint32_t id, const char *data, uint32_t bytes) {
  fetch->id = id;
  fetch->data = data;
  fetch->numBytes = fetch->totalBytes = bytes;
  fetch->status = 200;
  fetch->statusText[0] = 'O';
  fetch->statusText[1] = 'K';
  fetch->readyState = DONE;
}

static inline int close_fetch(Fetch *fetch) {
  if (!fetch) return 0;
  if (fetch->id == 0 || fetch->readyState > DONE) return INVALID_PARAM;
  fetch->id = 0;
  heap_free((void *)fetch->data);
  heap_free((void *)fetch->url);
  heap_free(fetch);
  return 0;
}

EXPORT(fetch_close, g) int fetch_close(Fetch *fetch) { return close_fetch(fetch); }

/* What those do who know. */
EXPORT(fetch_mark, h) void fetch_mark(Fetch *fetch) { fetch->id = 1; }

/* Plays what was loaded and closes it; here closing was inlined. */
EXPORT(fetch_peak_and_close, i) int fetch_peak_and_close(Fetch *fetch) {
  int peak = 0;
  for (uint64_t i = 0; i < fetch->numBytes; i++) peak = fetch->data[i] > peak ? fetch->data[i] : peak;
  close_fetch(fetch);
  return peak;
}
