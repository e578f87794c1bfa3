import {
  apply,
  IntrinsicMap,
  IntrinsicPromise,
  mapClear,
  mapForEach,
  mapSet,
  mapSize,
  ownData,
  promiseThen,
} from '../../base/intrinsics.ts';
import { Patches } from '../../base/patch.ts';
import { stubAtomics } from '../../hooks/atomics-stubs.ts';
import { Channels, forget, isTrusted, listen, shapeOfPost } from '../../hooks/channels.ts';
import { Memories } from '../../hooks/memories.ts';
import { numberMemories } from '../../hooks/memory-numbers.ts';
import { MessageHandlers } from '../../hooks/message-handlers.ts';
import { ledgerOf } from '../../shared/block-ledger.ts';
import type {
  MemoryNews,
  PassageCells,
  ToScope,
  WorkerNews,
  WorkerPassage,
} from '../../shared/passage.ts';
import { SCOPE_END } from '../../shared/units.ts';
import { observeAnnotations } from './annotations.ts';
import { repairBaseURL } from './base-urls.ts';
import { observeGrowth } from './growth.ts';
import { observeModules } from './modules.ts';
import { observeNestedWorkers } from './nested.ts';
import { type Address, dataOf, isIsolated, postToParent, readAddress, stopEvent } from './scope.ts';
import { WorkerRecorder } from './worker-recorder.ts';

/** The least number of an end other than the scope’s own. */
const FIRST_END = 3;

/** The prelude: runs in a worker before the page’s script, and observes everything from then on. */
function main(): void {
  const address = readAddress();
  if (address) observe(address);
}

function observe(address: Address): void {
  const scope = globalThis;
  const patches = new Patches();
  const recorder = new WorkerRecorder(patches, address);

  /** Hears the passage before any listener of the page’s, and what may follow on the same way, so that none of them ever does. */
  const hear = (event: object): void => {
    if (isDeaf || !isTrusted(event)) return;
    const said = dataOf(event);
    const isOurs =
      typeof said === 'object' && said !== null && ownData(said, 'name') === address.name;
    if (isOurs) stopEvent(event);
    const isFirst = !hasHeard;
    hasHeard = true;
    try {
      if (isFirst && isOurs) enter(said as WorkerPassage);
      else if (isFirst) deafen();
      else if (isOurs) hearNews((said as WorkerNews).data);
    } catch (error) {
      // A page that has read the name in a stack may say anything.
      recorder.fault(error);
    }
  };
  const deafen = (): void => {
    isDeaf = true;
    forget(scope, 'message', hear);
  };
  let hasHeard = false;
  let isDeaf = false;
  listen(scope, 'message', hear);

  const enter = (passage: WorkerPassage): void => {
    const counts = passage.cells?.shared !== undefined;
    if (scopeEnd) scopeEnd.isCounted = counts;
    postToParent(scope, { name: address.name, counts });
    recorder.open(passage.port, obey);
    if (passage.cells) begin(passage.cells, true);
    if (!isIsolated) deafen();
  };

  const memories = new Memories(recorder);
  const channels = new Channels({
    witness: recorder,
    memories,
    sink: recorder,
    firstEnd: FIRST_END,
  });
  const scopeEnd = channels.adoptScope(scope, SCOPE_END);
  patches.fast(scope, 'postMessage', shapeOfPost, channels.post);
  channels.observeHandlers(scope);
  new MessageHandlers(channels, scope);
  repairBaseURL(patches, address);
  const installAtomics = isIsolated ? stubAtomics(patches) : undefined;
  const numbered = numberMemories(memories);
  observeGrowth(recorder, memories, numbered);
  const modules = isIsolated
    ? observeModules(
        recorder,
        channels,
        memories,
        address.own,
        (memory) => numbered.numberOf(memory),
        (end) => end === SCOPE_END || nested.hears(end),
      )
    : undefined;
  const annotations = observeAnnotations(recorder);
  const nested = observeNestedWorkers(recorder, channels, address, () => modules?.known);

  const begin = (cells: PassageCells, isEarly: boolean): void => {
    recorder.begin(cells);
    if (installAtomics) recorder.observeAtomics(installAtomics, memories);
    const { timeOrigin, shared } = cells;
    if (shared?.modules === 'none') deafen();
    modules?.begin(shared?.modules, isEarly);
    nested.begin({ timeOrigin, order: shared?.order });
    mapForEach(early, hearNews);
    mapClear(early);
  };
  /** What comes before the cells waits for them. */
  const early = new IntrinsicMap<number, MemoryNews>();
  const hearNews = (news: MemoryNews): void => {
    if (!recorder.outlet) {
      mapSet(early, mapSize(early), news);
      return;
    }
    if (news.kind === 'modules' && news.modules === 'none') deafen();
    modules?.obey(news);
    nested.tell(news);
  };
  const obey = (command: ToScope): void => {
    if (command.kind === 'begin') begin(command, false);
    else if (command.kind === 'thread') {
      const ledger = ledgerOf(command.id, numbered.numberOf);
      annotations.numbered(ledger);
      modules?.numbered(ledger);
    }
  };

  patches.method(scope, 'close', (native, self, args) => {
    try {
      recorder.record('scopeState', { state: 'closing', url: '' });
      if (recorder.outlet) recorder.close();
      else postToParent(scope, recorder.lastWords());
    } catch (error) {
      recorder.fault(error);
    }
    return apply(native, self, args);
  });

  recorder.record('scopeState', { state: 'started', url: address.script });
  // Neither engine runs microtasks before the page’s script, which ours is a part of, is over.
  void promiseThen(
    new IntrinsicPromise<void>((done) => done()),
    () => recorder.record('scopeState', { state: 'evaluated', url: '' }),
    () => undefined,
  );
}

main();
