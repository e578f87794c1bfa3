import { apply, indexOf } from '../base/intrinsics.ts';
import type { Native } from '../base/patch.ts';
import type { Channels } from '../hooks/channels.ts';
import { shareCells } from '../hooks/share-cells.ts';
import { observeWorkers } from '../hooks/workers.ts';
import type { WorkerEntered } from '../shared/records.ts';
import { MAIN_THREAD, type ThreadId } from '../shared/units.ts';
import { announceThread } from './announce-thread.ts';
import type { MainWitness } from './main-witness.ts';
import type { Observation } from './observation.ts';
import type { Order } from './order.ts';
import { getterOf, methodOf } from './page-realm.ts';

/** How long an event of our own making may take to come. */
const VIOLATION_MS = 2000;
/** A document with one of these has a content security policy. */
const POLICY_SIGNS = 'meta[http-equiv="content-security-policy" i],[nonce]';
const FORBIDDEN =
  'This page has a content security policy, which workers of ours would inherit: its workers are not seen from inside.';
const TOO_MANY = 'Too many threads: what this worker does is not seen.';

/** Watches the workers of the page, and enters them where memory can be shared or audio is played. */
export function observePageWorkers(
  { realm, recorder, entities, late }: Observation,
  witness: MainWitness,
  channels: Channels,
  { url, order, randomName }: { url: string; order: Order; randomName: () => string },
): void {
  const { document, window } = realm;
  const baseOf = getterOf<Node, string>('Node', 'baseURI');
  const querySelector = methodOf('Document', 'querySelector');
  const stop = methodOf('Event', 'stopImmediatePropagation');
  const unlisten = methodOf('EventTarget', 'removeEventListener');
  const listen = methodOf('EventTarget', 'addEventListener');
  const blockedOf = getterOf<Event, string>('SecurityPolicyViolationEvent', 'blockedURI');
  const sourceOf = getterOf<Event, string>('SecurityPolicyViolationEvent', 'sourceFile');
  const Compile = Function as unknown as Native;
  let mayCompile: boolean | undefined;
  let thread: ThreadId | undefined;
  let isTold = false;

  /** Whether code may be made of text. Of the event that says otherwise the page hears nothing. */
  const compiles = (): boolean => {
    const heard = (event: Event): void => {
      if (blockedOf?.(event) !== 'eval' || indexOf(sourceOf?.(event) ?? '', 'http') === 0) return;
      apply(stop, event, []);
      forget();
    };
    const listener = ['securitypolicyviolation', heard, true];
    const forget = (): unknown => apply(unlisten, window, listener);
    apply(listen, window, listener);
    realm.after(VIOLATION_MS, forget);
    try {
      apply(Compile, undefined, ['']);
      return true;
    } catch {
      return false;
    }
  };

  const entering = (): WorkerEntered => {
    if (!recorder.begunAt && !realm.isolated) return 'not-isolated';
    void late.load();
    if (apply(querySelector, document, [POLICY_SIGNS])) mayCompile = false;
    else mayCompile ??= compiles();
    if (!mayCompile) {
      if (!isTold) recorder.record('uncovered', { what: 'other', detail: FORBIDDEN });
      isTold = true;
      return 'forbidden';
    }
    thread = entities.nextThread();
    if (thread !== undefined) return 'yes';
    recorder.record('uncovered', { what: 'limit', detail: TOO_MANY });
    return 'limit';
  };

  observeWorkers(witness, channels, {
    base: () => baseOf?.(document) ?? '',
    entering,
    prelude: url,
    randomName,
    pass({ worker, label, port, started }) {
      const id = thread as ThreadId;
      const shared = shareCells(order.cell);
      announceThread(recorder, id, MAIN_THREAD, worker, label);
      const adopted = {
        id,
        parent: MAIN_THREAD,
        worker,
        port: port as MessagePort,
        shared,
        started,
      };
      recorder.later(() => late.part?.adopt(adopted));
      return { thread: id, timeOrigin: realm.timeOrigin / 1000, shared };
    },
    ended: (worker) => recorder.later(() => late.part?.workerEnded(MAIN_THREAD, worker)),
    lastWords: (worker, words) =>
      recorder.later(() => late.part?.lastWords(MAIN_THREAD, worker, words)),
    after: realm.after,
  });
}
