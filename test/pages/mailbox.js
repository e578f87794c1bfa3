/**
 * What Emscripten's glue makes of `programs/mailbox.c` in a release build, and of its Wasm Worker or pthread. Nothing in
 * here is part of any bug.
 */
import { ask } from './zoo.js';

/** What its functions are called. */
const LETTERS = {
  payload_new: 'c',
  payload_delete: 'd',
  handled_count: 'e',
  box_send: 'f',
  box_drain: 'g',
  box_close: 'h',
  box_abandon: 'i',
  post_payload: 'j',
  answer_count: 'k',
  post_question: 'l',
  post_work: 'm',
  worker_stack_top: 'n',
  post_drain: 'o',
  thread_new: 'p',
  thread_send: 'q',
  post_close: 't',
};
const PAGES = 16;

/** Starts the program in the page and in a worker of that name, which may be a pthread. Its functions keep their names. */
export async function startProgram(name, { pthread = false } = {}) {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
  const post = (index, argument) => worker.postMessage({ _wsc: index, x: [argument] });
  const { module, instance } = await WebAssembly.instantiateStreaming(
    fetch(new URL('programs/mailbox.dlmalloc.min.wasm', import.meta.url)),
    { env: { memory }, a: { a: post, b: () => performance.now() } },
  );
  const { exports } = instance;
  exports.__wasm_call_ctors();
  const functions = {};
  for (const [full, letter] of Object.entries(LETTERS)) functions[full] = exports[letter];

  const worker = new Worker(new URL('mailbox.worker.js', import.meta.url), { name });
  const stackTop = functions.worker_stack_top();
  await ask(worker, { wasm: module, memory, stackTop, thread: pthread && functions.thread_new() });
  worker.onmessage = ({ data }) => exports.__indirect_function_table.get(data._wsc)(...data.x);
  return { ...functions, worker };
}
