import {
  floor,
  IntrinsicMap,
  mapClear,
  mapDelete,
  mapForEach,
  mapGet,
  mapSet,
} from '../../base/intrinsics.ts';
import { newsTo } from '../../hooks/worker-news.ts';
import type { EnteredWorker, WorkerEntry } from '../../hooks/workers.ts';
import type { PassedModules, SharedCells, UnplacedRecord } from '../../shared/passage.ts';
import { RecordWriter } from '../../shared/record-codec.ts';
import { type ContextId, MAIN_THREAD, type ThreadId, type WorkerId } from '../../shared/units.ts';
import { AudioThread, type WorkerMessage } from './audio-thread.ts';
import type { LateObservation } from './late-observation.ts';
import { replaceWorker } from './replace-worker.ts';
import { hearChecked, passedModules } from './rewriter.ts';

/** How long a terminated worker may go on writing. */
const LINGER_MS = 2500;
const TOO_MANY = 'Too many threads: what one worker does is not seen.';
const FORBIDDEN =
  'This page has a content security policy, which workers of ours would inherit: its workers are not seen from inside.';

/** The page's ends of the workers that are seen from inside. */
export interface WorkerThreads {
  /** Takes the private channel of a worker that was entered, and makes it a thread. */
  adopt(parent: ThreadId, entered: EnteredWorker, shared: SharedCells | undefined): void;
  /** Nothing more is to be expected of that worker. */
  workerEnded(parent: ThreadId, worker: WorkerId): void;
  /** It closed before it could be adopted: these are its records. */
  lastWords(parent: ThreadId, worker: WorkerId, words: unknown): void;
  /** A worker that was to be entered was refused. */
  replace(worker: object, entry: WorkerEntry): void;
  /** A worker could not be entered because of the page's content security policy. */
  forbidden(): void;
  /** It is known whether modules are rewritten from now on. */
  decided(): void;
}

export function observeWorkerThreads(observation: LateObservation): WorkerThreads {
  const { channels, collector, entities, heaps, heardEnds, realm, recorder } = observation;
  const threads = new IntrinsicMap<number, AudioThread>();
  const keyOf = (parent: ThreadId, worker: WorkerId): number => parent * 2 ** 24 + worker;
  /** What is to be done when it is known whether modules are rewritten. */
  const waiting = new IntrinsicMap<ThreadId, () => void>();
  let isDecided = false;
  let isForbidden = false;

  const adopt: WorkerThreads['adopt'] = (parent, entered, shared) => {
    const { worker, url, port: given } = entered;
    const port = given as MessagePort;
    const id = entities.nextThread();
    if (id === undefined) {
      recorder.record('uncovered', { what: 'limit', detail: TOO_MANY });
      return;
    }
    recorder.record('threadStarted', {
      thread: id,
      kind: 'worker',
      context: 0 as ContextId,
      name: `worker ${url}`,
    });
    recorder.record('workerThread', { thread: id, parent, worker });
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
      // It rewrites for itself what it compiles.
      memory(message) {
        if (message.kind !== 'rewrite') hearChecked(heaps, message, id);
      },
      heard: (message) => {
        if (!hasSpoken) {
          hasSpoken = true;
          collector.add(thread);
        }
        if (message?.kind === 'closing') end(thread);
        else if (message) fromNested(id, message);
      },
      lingerMs: LINGER_MS,
      ended: () => {
        isAlive = false;
        mapDelete(observation.threads, id);
      },
    });
    // Those of others hear it from these; and where nothing is shared nobody listens.
    if (parent === MAIN_THREAD && shared) {
      const tell = newsTo(entered);
      const end = channels.of(entered.self)?.id;
      const begin = (): PassedModules | 'none' => {
        const modules = passedModules(heaps);
        if (!modules) return 'none';
        mapSet(observation.threads, id, { tell });
        if (end !== undefined) mapSet(heardEnds, end, true);
        return modules;
      };
      // Workers that were made before the late part are adopted before anything is decided: of others the passage leaves now.
      if (isDecided) shared.modules = begin();
      else mapSet(waiting, id, () => tell({ kind: 'modules', modules: begin() }));
    }
    thread.tell({ kind: 'thread', id });
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
      case 'worker':
        adopt(parent, message as unknown as EnteredWorker, message.shared);
        return;
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

  return {
    adopt,
    workerEnded: ended,
    lastWords,
    replace(worker, entry) {
      told();
      const end = channels.of(worker)?.id;
      if (end !== undefined && mapGet(heardEnds, end)) {
        mapDelete(heardEnds, end);
        heaps.hasOriginals = true;
        heaps.blocks?.exposeAll();
        heaps.checks?.shadows.stop();
      }
      replaceWorker(observation, worker, entry);
    },
    forbidden: told,
    decided() {
      isDecided = true;
      mapForEach(waiting, (tell) => tell());
      mapClear(waiting);
    },
  };

  function told(): void {
    if (!isForbidden) recorder.record('uncovered', { what: 'other', detail: FORBIDDEN });
    isForbidden = true;
  }
}
