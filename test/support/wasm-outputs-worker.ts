import { type Form, type Output, outputOf } from './wasm-outputs.ts';

/** What a worker that runs modules is asked, and says: which call begins, how it ended. */
export interface OutputTask {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly form: Form;
  readonly skipped: readonly number[];
}
export type OutputNews =
  | { readonly begins: number }
  | { readonly output: Output }
  | { readonly failed: string };

interface WorkerScope {
  onmessage: (message: MessageEvent<OutputTask>) => void;
  postMessage(news: OutputNews): void;
}

const scope = globalThis as unknown as WorkerScope;
scope.onmessage = ({ data: { bytes, form, skipped } }) => {
  try {
    const output = outputOf(bytes, form, skipped, (begins) => scope.postMessage({ begins }));
    scope.postMessage({ output });
  } catch (error) {
    scope.postMessage({ failed: error instanceof Error ? error.message : 'exception' });
  }
};
