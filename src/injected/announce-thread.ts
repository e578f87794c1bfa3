import type { ContextId, ThreadId, WorkerId } from '../shared/units.ts';
import type { Recorder } from './recorder.ts';

/** Says that worker number `worker` of `parent` is a thread that we see from inside. */
export function announceThread(
  recorder: Recorder,
  thread: ThreadId,
  parent: ThreadId,
  worker: WorkerId,
  name: string,
): void {
  recorder.record('threadStarted', { thread, kind: 'worker', context: 0 as ContextId, name });
  recorder.record('workerThread', { thread, parent, worker });
}
