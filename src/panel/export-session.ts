import { err, ok, type Result } from '../base/result.ts';
import type { ExportReply, ExportRequest } from './worker/export-protocol.ts';
import type { WorkerClient } from './worker-client.ts';

export interface RunningExport {
  readonly done: Promise<Result<Uint8Array<ArrayBuffer>>>;
  cancel(): void;
}

export const CANCELLED = 'cancelled';

/** Encodes the shown session in a worker of its own; the session worker goes on meanwhile. */
export function startExport(
  client: WorkerClient,
  format: ExportRequest['format'],
  onProgress: (stage: string, share: number | undefined) => void,
): RunningExport {
  const worker = new Worker(new URL('./worker/export-main.ts', import.meta.url), {
    type: 'module',
  });
  const { promise, resolve } = Promise.withResolvers<Result<Uint8Array<ArrayBuffer>>>();
  const finish = (result: Result<Uint8Array<ArrayBuffer>>): void => {
    worker.terminate();
    resolve(result);
  };
  worker.addEventListener('message', (event: MessageEvent<ExportReply>) => {
    const reply = event.data;
    if (reply.kind === 'progress') onProgress(reply.stage, reply.share);
    else finish(reply.kind === 'done' ? ok(reply.bytes) : err(reply.reason));
  });
  worker.addEventListener('error', (event) => finish(err(event.message)));
  const channel = new MessageChannel();
  worker.postMessage({ format, port: channel.port1 } satisfies ExportRequest, [channel.port1]);
  client.tell({ kind: 'hand-over', port: channel.port2 }, [channel.port2]);
  return { done: promise, cancel: () => finish(err(CANCELLED)) };
}
