import {
  IntrinsicMap,
  mapClear,
  mapDelete,
  mapForEach,
  mapGet,
  mapSet,
} from '../../base/intrinsics.ts';
import type { Channels } from '../../hooks/channels.ts';
import { shareCells } from '../../hooks/share-cells.ts';
import { newsTo } from '../../hooks/worker-news.ts';
import { type EnteredWorker, observeWorkers } from '../../hooks/workers.ts';
import type { MemoryNews, PassageCells, SharedCells } from '../../shared/passage.ts';
import { transferring } from '../../shared/transferring.ts';
import type { EndId } from '../../shared/units.ts';
import { type Address, after, post, randomName } from './scope.ts';
import type { WorkerRecorder } from './worker-recorder.ts';

/** What this worker knows of its document once its passage has come. */
export interface Document {
  readonly timeOrigin: number;
  readonly order: SharedArrayBuffer | undefined;
}

/** Watches the workers that this one makes. Their private ports go up to the page. */
export interface NestedWorkers {
  begin(document: Document): void;
  /** What this one has heard, for those that it has made. */
  tell(news: MemoryNews): void;
  /** Whether the worker that an end of this one leads to runs modules in their instrumented form. */
  hears(end: EndId): boolean;
}

export function observeNestedWorkers(
  recorder: WorkerRecorder,
  channels: Channels,
  address: Address,
  modules: () => SharedCells['modules'],
): NestedWorkers {
  const waiting = new IntrinsicMap<number, EnteredWorker>();
  let document: Document | undefined;

  const cellsIn = ({ timeOrigin, order }: Document): PassageCells => ({
    timeOrigin,
    shared: shared(order),
  });
  const shared = (order: SharedArrayBuffer | undefined): SharedCells | undefined => {
    const cells = shareCells(order);
    const known = modules();
    if (cells && known) cells.modules = known;
    return cells;
  };
  const heard = new IntrinsicMap<EndId, true>();
  const made = new IntrinsicMap<number, (news: MemoryNews) => void>();
  const announce = ({ worker, url, port }: EnteredWorker, { shared }: PassageCells): void =>
    recorder.send({ kind: 'worker', worker, url, port, shared }, transferring(port));

  observeWorkers(recorder, channels, {
    base: () => address.script,
    entering: () => 'yes',
    prelude: address.own,
    randomName,
    pass(entered) {
      mapSet(made, entered.worker, newsTo(entered));
      if (!document) {
        mapSet(waiting, entered.worker, entered);
        return undefined;
      }
      const cells = cellsIn(document);
      const end = channels.of(entered.self);
      if (end && typeof modules() === 'object') mapSet(heard, end.id, true);
      announce(entered, cells);
      return cells;
    },
    mayRedirect: false,
    entered: () => undefined,
    // A worker of a worker inherits what ours has, which is nothing that forbids it.
    refused: () => false,
    ended(worker) {
      mapDelete(made, worker);
      recorder.send({ kind: 'worker-ended', worker });
    },
    lastWords: (worker, words) => recorder.send({ kind: 'last-words', worker, words }),
    after,
  });

  return {
    hears: (end) => mapGet(heard, end) === true,
    tell(news) {
      mapForEach(made, (tell) => tell(news));
    },
    begin(known) {
      document = known;
      mapForEach(waiting, (entered) => {
        const cells = cellsIn(known);
        post(entered.port, { kind: 'begin', ...cells });
        announce(entered, cells);
      });
      mapClear(waiting);
    },
  };
}
