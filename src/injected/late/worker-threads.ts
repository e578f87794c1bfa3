import { floor, IntrinsicMap, mapForEach, mapGet, mapSet } from '../../base/intrinsics.ts';
import type { SharedCells, UnplacedRecord } from '../../shared/passage.ts';
import { RecordWriter } from '../../shared/record-codec.ts';
import type { ThreadId, WorkerId } from '../../shared/units.ts';
import { announceThread } from '../announce-thread.ts';
import { AudioThread, type WorkerMessage } from './audio-thread.ts';
import type { LateObservation } from './late-observation.ts';

/** How long a terminated worker may go on writing. */
const LINGER_MS = 2500;
const TOO_MANY = 'Too many threads: what a worker of a worker does is not seen.';

/** A worker that was entered, and its private channel. */
export interface AdoptedWorker {
  readonly id: ThreadId;
  readonly parent: ThreadId;
  readonly worker: WorkerId;
  readonly port: MessagePort;
  readonly shared: SharedCells | undefined;
  /** To be called when the worker has said anything. */
  readonly started: () => void;
}

/** The page's ends of the workers that are seen from inside. */
export interface WorkerThreads {
  adopt(adopted: AdoptedWorker): void;
  /** Nothing more is to be expected of that worker. */
  workerEnded(parent: ThreadId, worker: WorkerId): void;
  /** It closed before it could be adopted: these are its records. */
  lastWords(parent: ThreadId, worker: WorkerId, words: unknown): void;
}

export function observeWorkerThreads(observation: LateObservation): WorkerThreads {
  const { collector, entities, realm, recorder } = observation;
  const threads = new IntrinsicMap<number, AudioThread>();
  const keyOf = (parent: ThreadId, worker: WorkerId): number => parent * 2 ** 24 + worker;

  const adopt = ({ id, parent, worker, port, shared, started }: AdoptedWorker): void => {
    let isAlive = true;
    let hasSpoken = false;
    const thread: AudioThread = new AudioThread({
      id,
      kind: 'worker',
      shared,
      port,
      isRunning: () => isAlive,
      poll: () => undefined,
      realm,
      sink: collector,
      heard: (message) => {
        if (!hasSpoken) {
          hasSpoken = true;
          collector.add(thread);
          started();
        }
        if (message?.kind === 'closing') end(thread);
        else if (message) fromNested(id, message);
      },
      lingerMs: LINGER_MS,
      ended: () => {
        isAlive = false;
      },
    });
    mapSet(threads, keyOf(parent, worker), thread);
  };

  const end = (thread: AudioThread): void => {
    if (thread.isRetired) return;
    thread.retire();
    // Its own workers end with it.
    mapForEach(threads, (each, key) => {
      if (floor(key / 2 ** 24) === thread.id) end(each);
    });
  };

  /** What a worker says of those that it has made itself. */
  const fromNested = (
    parent: ThreadId,
    message: Exclude<WorkerMessage, { kind: 'closing' }>,
  ): void => {
    switch (message.kind) {
      case 'worker': {
        const id = entities.nextThread();
        if (id === undefined) {
          recorder.record('uncovered', { what: 'limit', detail: TOO_MANY });
          return;
        }
        const worker = message.worker as WorkerId;
        announceThread(recorder, id, parent, worker, message.label);
        const port = message.port as MessagePort;
        realm.post(port, { kind: 'thread', id });
        adopt({ id, parent, worker, port, shared: message.shared, started: () => undefined });
        return;
      }
      case 'worker-ended':
        ended(parent, message.worker as WorkerId);
        return;
      case 'last-words':
        lastWords(parent, message.worker as WorkerId, message.words);
    }
  };

  const ended = (parent: ThreadId, worker: WorkerId): void => {
    const thread = mapGet(threads, keyOf(parent, worker));
    if (thread) end(thread);
  };

  const lastWords = (parent: ThreadId, worker: WorkerId, words: unknown): void => {
    const thread = mapGet(threads, keyOf(parent, worker));
    if (!thread || !recorder.recording) return;
    const writer = new RecordWriter();
    mapForEach(words as Map<number, UnplacedRecord>, ({ name, at, fields }) =>
      writer.write(name, recorder.next(), at - realm.timeOrigin, fields),
    );
    collector.records(thread.id, writer.take());
    end(thread);
  };

  return { adopt, workerEnded: ended, lastWords };
}
