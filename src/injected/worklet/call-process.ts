import type { PageProcessor } from './scope.ts';

/** Calls before the engine stops expecting one kind of processor here. */
const TRAINING_CALLS = 200;

/** Reads `process` of the page's processor, once, and calls it as the engine would. */
export function callProcess(
  page: PageProcessor,
  inputs: unknown,
  outputs: unknown,
  parameters: unknown,
): unknown {
  return page.process(inputs, outputs, parameters);
}

/**
 * Keeps V8 from inlining the page's `process` into ours: code that was fast alone ran up to a quarter
 * slower in there (a mixer of two channels, measured). A call site that has seen many shapes is never
 * inlined, so it gets to see some that no page has.
 */
export function preventInlining(): void {
  const shapes = [
    { process: () => 0 },
    { a: 0, process: () => 1 },
    { b: 0, process: () => 2 },
    { c: 0, process: () => 3 },
    { d: 0, process: () => 4 },
    { e: 0, process: () => 5 },
  ] as unknown as readonly PageProcessor[];
  for (let i = 0; i < TRAINING_CALLS; i++) {
    callProcess(shapes[i % shapes.length] as PageProcessor, 0, 0, 0);
  }
}
