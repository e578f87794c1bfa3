/*
 * Work that one thread has another do: as calls that are posted to a Wasm Worker, or by a mail box in shared memory, which each
 * thread has one of. The payload of either lies in the heap, and is freed by whoever does the work. Which end is right
 * and which is not is up to the page.
 */
#include "program.h"

#define BOXES 2
#define ROOM 512
#define STACK 8192

typedef struct {
  uint32_t length;
  float samples[];
} Payload;

/* The queue of a thread. Once it is closed nothing gets in. */
typedef struct {
  Lock busy;
  int closed;
  uint32_t count;
  Payload *letters[ROOM];
} Box;

/* Of the notifications of a thread: none is due, it is doing the work, it was notified. */
enum { NONE, RECEIVED, PENDING };

/* What Emscripten has of a pthread: the address of itself, at which it awaits notifications, and its mail box. */
typedef struct Thread {
  struct Thread *self;
  int notification;
  Box box;
} Thread;

static Box boxes[BOXES];
static Thread thread;
static float sum;
static uint32_t handled, answers;
static unsigned char workerStack[STACK] __attribute__((aligned(16)));

static void handle(Payload *payload) {
  for (uint32_t i = 0; i < payload->length; i++) sum += payload->samples[i];
  heap_free(payload);
  __atomic_fetch_add(&handled, 1, __ATOMIC_RELAXED);
}

EXPORT(payload_new, c) Payload *payload_new(uint32_t length) {
  Payload *payload = heap_malloc(sizeof(Payload) + length * sizeof(float));
  if (!payload) return NULL;
  payload->length = length;
  for (uint32_t i = 0; i < length; i++) payload->samples[i] = 1;
  return payload;
}

EXPORT(payload_delete, d) void payload_delete(Payload *payload) { heap_free(payload); }

EXPORT(handled_count, e) uint32_t handled_count(void) { return __atomic_load_n(&handled, __ATOMIC_ACQUIRE); }

static bool put(Box *box, Payload *payload) {
  lock(&box->busy);
  bool taken = !box->closed && box->count < ROOM;
  if (taken) box->letters[box->count++] = payload;
  unlock(&box->busy);
  return taken;
}

/* False: the box is closed or full, and the payload still the sender's. */
EXPORT(box_send, f) bool box_send(int which, Payload *payload) { return put(&boxes[which], payload); }

/* What is in the box, which is empty then. */
static uint32_t take_all(Box *box, Payload *letters[ROOM], bool closes) {
  lock(&box->busy);
  uint32_t count = box->count;
  for (uint32_t i = 0; i < count; i++) letters[i] = box->letters[i];
  box->count = 0;
  if (closes) box->closed = 1;
  unlock(&box->busy);
  return count;
}

static uint32_t handle_all(Box *box) {
  Payload *letters[ROOM];
  uint32_t count = take_all(box, letters, false);
  for (uint32_t i = 0; i < count; i++) handle(letters[i]);
  return count;
}

/* Does the work in the box. */
EXPORT(box_drain, g) uint32_t box_drain(int which) { return handle_all(&boxes[which]); }

static void drain(void *which) { box_drain((int)which); }

/* Has the other thread look into its box. */
EXPORT(post_drain, o) void post_drain(int which) { post_function(drain, (void *)which); }

static uint32_t close_and_free(Box *box) {
  Payload *letters[ROOM];
  uint32_t count = take_all(box, letters, true);
  for (uint32_t i = 0; i < count; i++) heap_free(letters[i]);
  return count;
}

/* Nothing gets in from now on; what is in the box is not done, but freed. */
EXPORT(box_close, h) uint32_t box_close(int which) { return close_and_free(&boxes[which]); }

/* Forgets what is in the box. */
EXPORT(box_abandon, i) void box_abandon(int which) {
  Box *box = &boxes[which];
  lock(&box->busy);
  box->closed = 1;
  unlock(&box->busy);
}

static void handle_posted(void *payload) { handle(payload); }

EXPORT(post_payload, j) void post_payload(uint32_t length) { post_function(handle_posted, payload_new(length)); }

static void count_answer(void *argument) { __atomic_fetch_add(&answers, 1, __ATOMIC_RELAXED); }

EXPORT(answer_count, k) uint32_t answer_count(void) { return __atomic_load_n(&answers, __ATOMIC_ACQUIRE); }

static void answer(void *argument) { post_function(count_answer, NULL); }

/* Has the other thread answer when it has done what was posted before. */
EXPORT(post_question, l) void post_question(void) { post_function(answer, NULL); }

/* Answers, and then works for so many milliseconds. */
static void answer_and_work(void *milliseconds) {
  double until = now() + (uintptr_t)milliseconds;
  answer(NULL);
  while (now() < until) {
  }
}

EXPORT(post_work, m) void post_work(uint32_t milliseconds) { post_function(answer_and_work, (void *)milliseconds); }

/* The other thread is a pthread from now on. */
EXPORT(thread_new, p) Thread *thread_new(void) { return thread.self = &thread; }

/* False as of box_send. A thread that was notified and has not begun with its work is not notified again. */
EXPORT(thread_send, q) bool thread_send(Payload *payload) {
  if (!put(&thread.box, payload)) return false;
  int before = __atomic_exchange_n(&thread.notification, PENDING, __ATOMIC_SEQ_CST);
  if (before != PENDING) __builtin_wasm_memory_atomic_notify((int *)&thread.self, 1);
  return true;
}

/* Does the work in its own box. */
EXPORT(thread_check, s) void thread_check(void) {
  __atomic_store_n(&thread.notification, RECEIVED, __ATOMIC_SEQ_CST);
  handle_all(&thread.box);
  int received = RECEIVED;
  __atomic_compare_exchange_n(&thread.notification, &received, NONE, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static void close_thread(void *argument) {
  close_and_free(&thread.box);
  answer(NULL);
}

/* Has the thread close its box, and answer. */
EXPORT(post_close, t) void post_close(void) { post_function(close_thread, NULL); }

EXPORT(worker_stack_top, n) void *worker_stack_top(void) { return workerStack + STACK; }

__asm__(".globaltype __stack_pointer, i32\n");

EXPORT(stack_restore, r) void stack_restore(void *top) {
  __asm__("local.get %0\nglobal.set __stack_pointer" : : "r"(top));
}
