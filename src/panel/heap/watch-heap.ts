import { effect } from '@preact/signals';
import type { Panel } from '../panel-context.ts';
import type { HeapQuery } from '../worker/heap/heap-protocol.ts';

/** An answer that took longer than this is followed by a pause of the same length, so that the worker can do other things. */
const QUICK_MS = 50;

/** Keeps the heap view as fresh as the session while it is shown; gives the undo. One question at a time. */
export function watchHeap({ state, client }: Panel, widthPx: () => number): () => void {
  let isAsking = false;
  let isStale = false;
  let isOver = false;
  const queryNow = (): HeapQuery => {
    const { from, to } = state.span.value;
    const text = state.filter.value.trim().toLowerCase();
    return { ...state.heapChoice.value, text, from, to, widthPx: widthPx() };
  };
  const ask = async (query: HeapQuery): Promise<void> => {
    isAsking = true;
    const began = performance.now();
    const answer = await client.ask({ ask: 'heap', query });
    if (isOver) return;
    if (answer.ok) state.heap.value = answer.value;
    const took = performance.now() - began;
    if (took > QUICK_MS) await new Promise((resolve) => setTimeout(resolve, took));
    isAsking = false;
    if (!isStale || isOver) return;
    isStale = false;
    void ask(queryNow());
  };
  const stop = effect(() => {
    void state.session.value;
    const query = queryNow();
    if (isAsking) isStale = true;
    else void ask(query);
  });
  return () => {
    isOver = true;
    stop();
  };
}
