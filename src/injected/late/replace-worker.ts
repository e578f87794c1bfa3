import type { WorkerEntry } from '../../hooks/workers.ts';
import type { LateObservation } from './late-observation.ts';

/**
 * A worker of ours that the page's policy has refused, which could not be told before, gets one that is left to
 * itself, and the page's object speaks for that. Its events are no longer the engine's own.
 */
export function replaceWorker(
  { channels, realm }: LateObservation,
  worker: object,
  entry: WorkerEntry,
): void {
  const other = entry.again?.();
  if (!other) return;
  entry.other = other;
  const relay = (type: string): void =>
    realm.listen(other as EventTarget, type, (event) => {
      if (type !== 'error') channels.received(worker, event, type === 'messageerror');
      entry.relay?.(type, event);
    });
  relay('message');
  relay('messageerror');
  relay('error');
  entry.replaced?.(other);
}
