/*
 * Voices that play in the audio worklet, as programs of Emscripten's make them: each is the user data of its node's
 * callback, and lies in the heap. Which end is right and which is not is up to the page.
 */
#include "program.h"

#define RING 256
#define SLOTS 8
#define STACK 8192
#define SPARE 32

typedef struct Voice {
  /* No callback writes here nor in as much behind the ring, where an allocator links what is free: bugs shall not crash. */
  char name[SPARE];
  float phase, step;
  uint32_t quanta;
  /* Set by whoever ends the voice; the callback answers in its last call. */
  int stop, stopped;
  uint32_t written, capacity;
  float ring[];
} Voice;

/* User data that is never freed: what the callback looks at before it touches the voice. */
typedef struct {
  Lock busy;
  int stop;
  Voice *voice;
} Slot;

static Slot slots[SLOTS];
static Voice *fixed;
static unsigned char fixedVoice[sizeof(Voice) + RING * sizeof(float)] __attribute__((aligned(16)));
static unsigned char workletStack[STACK] __attribute__((aligned(16)));

static size_t bytes_for(uint32_t capacity) { return sizeof(Voice) + capacity * sizeof(float) + SPARE; }

static void reset(Voice *voice, uint32_t capacity) {
  for (int i = 0; i < SPARE; i++) voice->name[i] = 0;
  voice->phase = 0;
  voice->step = 0.01f;
  voice->quanta = 0;
  voice->stop = voice->stopped = 0;
  voice->capacity = capacity;
  voice->written = 0;
  for (uint32_t i = 0; i < capacity; i++) voice->ring[i] = 0;
}

static void render(Voice *voice, int numOutputs, AudioSampleFrame *outputs) {
  for (int o = 0; o < numOutputs; o++) {
    for (int i = 0; i < outputs[o].samplesPerChannel; i++) {
      float echo = voice->ring[voice->written % voice->capacity];
      voice->phase += voice->step;
      if (voice->phase > 1) voice->phase -= 2;
      float sample = voice->phase * 0.02f + echo * 0.5f;
      voice->ring[voice->written++ % voice->capacity] = sample;
      for (int c = 0; c < outputs[o].numberOfChannels; c++) {
        outputs[o].data[c * outputs[o].samplesPerChannel + i] = sample;
      }
    }
  }
  voice->quanta++;
}

EXPORT(voice_new, c) Voice *voice_new(uint32_t capacity) {
  Voice *voice = heap_malloc(bytes_for(capacity));
  if (voice) reset(voice, capacity);
  return voice;
}

EXPORT(voice_delete, d) void voice_delete(Voice *voice) { heap_free(voice); }

EXPORT(voice_resize, e) Voice *voice_resize(Voice *voice, uint32_t capacity) {
  Voice *resized = heap_realloc(voice, bytes_for(capacity));
  if (resized) resized->capacity = capacity;
  return resized;
}

EXPORT(voice_static, f) Voice *voice_static(void) {
  if (!fixed) reset(fixed = (Voice *)fixedVoice, RING);
  return fixed;
}

EXPORT(voice_quanta, g) uint32_t voice_quanta(Voice *voice) { return voice->quanta; }

/* Plays for ever. */
static bool play(int ni, const AudioSampleFrame *in, int no, AudioSampleFrame *out, int np, const AudioParamFrame *p, void *data) {
  render(data, no, out);
  return true;
}

static void delete_voice(void *voice) { voice_delete(voice); }

/* Has the page free the voice by a message of its last call. */
static bool play_and_post(int ni, const AudioSampleFrame *in, int no, AudioSampleFrame *out, int np, const AudioParamFrame *p, void *data) {
  Voice *voice = data;
  if (__atomic_load_n(&voice->stop, __ATOMIC_ACQUIRE)) {
    post_function(delete_voice, voice);
    return false;
  }
  render(voice, no, out);
  return true;
}

/* Says so in the voice, as its last touch. */
static bool play_and_store(int ni, const AudioSampleFrame *in, int no, AudioSampleFrame *out, int np, const AudioParamFrame *p, void *data) {
  Voice *voice = data;
  if (__atomic_load_n(&voice->stop, __ATOMIC_ACQUIRE)) {
    __atomic_store_n(&voice->stopped, 1, __ATOMIC_RELEASE);
    return false;
  }
  render(voice, no, out);
  return true;
}

/* Frees the voice itself. */
static bool play_and_free(int ni, const AudioSampleFrame *in, int no, AudioSampleFrame *out, int np, const AudioParamFrame *p, void *data) {
  Voice *voice = data;
  if (__atomic_load_n(&voice->stop, __ATOMIC_ACQUIRE)) {
    voice_delete(voice);
    return false;
  }
  render(voice, no, out);
  return true;
}

/* Holds the lock of its slot while it plays. */
static bool play_in_slot(int ni, const AudioSampleFrame *in, int no, AudioSampleFrame *out, int np, const AudioParamFrame *p, void *data) {
  Slot *slot = data;
  lock(&slot->busy);
  bool stop = __atomic_load_n(&slot->stop, __ATOMIC_RELAXED);
  if (!stop) render(slot->voice, no, out);
  unlock(&slot->busy);
  return !stop;
}

/* Table indices, in this order. */
EXPORT(callback, h) Callback *callback(int which) {
  static Callback *const callbacks[] = {play, play_and_post, play_and_store, play_and_free, play_in_slot};
  return callbacks[which];
}

EXPORT(voice_stop, i) void voice_stop(Voice *voice) { __atomic_store_n(&voice->stop, 1, __ATOMIC_RELEASE); }

static void stop_voice(void *voice) { voice_stop(voice); }

EXPORT(voice_post_stop, j) void voice_post_stop(Voice *voice) { post_function(stop_voice, voice); }

EXPORT(voice_has_stopped, k) int voice_has_stopped(Voice *voice) {
  return __atomic_load_n(&voice->stopped, __ATOMIC_ACQUIRE);
}

/* Waits for the last call, but not for ever, and frees. */
EXPORT(voice_stop_and_delete, l) void voice_stop_and_delete(Voice *voice, double milliseconds) {
  double until = now() + milliseconds;
  voice_stop(voice);
  while (!voice_has_stopped(voice) && now() < until) {
  }
  voice_delete(voice);
}

EXPORT(slot_new, m) Slot *slot_new(Voice *voice) {
  for (int i = 0; i < SLOTS; i++) {
    if (slots[i].voice) continue;
    slots[i].voice = voice;
    return &slots[i];
  }
  return NULL;
}

/* Waits for the call in flight alone. The slot stays, for the next call will look at it. */
EXPORT(slot_stop, n) void slot_stop(Slot *slot) {
  __atomic_store_n(&slot->stop, 1, __ATOMIC_RELAXED);
  lock(&slot->busy);
  voice_delete(slot->voice);
  unlock(&slot->busy);
}

EXPORT(worklet_stack, o) void *worklet_stack(void) { return workletStack; }
EXPORT(worklet_stack_size, p) size_t worklet_stack_size(void) { return STACK; }

__asm__(".globaltype __stack_pointer, i32\n");

EXPORT(stack_save, q) void *stack_save(void) {
  void *top;
  __asm__("global.get __stack_pointer\nlocal.set %0" : "=r"(top));
  return top;
}

EXPORT(stack_restore, r) void stack_restore(void *top) {
  __asm__("local.get %0\nglobal.set __stack_pointer" : : "r"(top));
}
