import { apply, indexOf } from '../base/intrinsics.ts';
import type { Native } from '../base/patch.ts';
import type { Channels } from '../hooks/channels.ts';
import { getterOf, methodOf } from '../hooks/interfaces.ts';
import { shareCells } from '../hooks/share-cells.ts';
import type { Witness } from '../hooks/witness.ts';
import { listen, observeWorkers, stop } from '../hooks/workers.ts';
import type { WorkerEntered } from '../shared/records.ts';
import { MAIN_THREAD } from '../shared/units.ts';
import type { Observation } from './observation.ts';
import type { Order } from './order.ts';

const VIOLATION = 'securitypolicyviolation';
/** How long an event of our own making may take to come. */
const VIOLATION_MS = 2000;
/** A document with one of these has a content security policy. */
const POLICY_SIGNS = 'meta[http-equiv="content-security-policy" i],[nonce]';

/** Watches the workers of the page, and enters them where memory can be shared or audio is played. */
export function observePageWorkers(
  { realm, recorder, late }: Observation,
  witness: Witness,
  channels: Channels,
  { url, order, randomName }: { url: string; order: Order; randomName: () => string },
): void {
  const { document, window } = realm;
  const baseOf = getterOf<Node, string>('Node', 'baseURI');
  const querySelector = methodOf('Document', 'querySelector');
  const blockedOf = getterOf<object, string>('SecurityPolicyViolationEvent', 'blockedURI');
  const sourceOf = getterOf<object, string>('SecurityPolicyViolationEvent', 'sourceFile');
  const unlisten = methodOf('EventTarget', 'removeEventListener');
  const Compile = Function as unknown as Native;
  let mayCompile: boolean | undefined;

  /** Whether code may be made of text. Of the event that says otherwise the page hears nothing. */
  const compiles = (): boolean => {
    const heard = (event: object): void => {
      if (blockedOf?.(event) !== 'eval' || indexOf(sourceOf?.(event) ?? '', 'http') === 0) return;
      stop(event);
      forget();
    };
    const forget = (): void => apply(unlisten, window, [VIOLATION, heard, true]) as undefined;
    listen(window, VIOLATION, heard, true);
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
    recorder.begin();
    void late.load();
    if (apply(querySelector, document, [POLICY_SIGNS])) mayCompile = false;
    else mayCompile ??= compiles();
    if (mayCompile) return 'yes';
    recorder.later(() => late.part?.forbidden());
    return 'forbidden';
  };

  observeWorkers(witness, channels, {
    base: () => baseOf?.(document) ?? '',
    entering,
    prelude: url,
    randomName,
    pass(entered) {
      const shared = shareCells(order.cell);
      recorder.later(() => late.part?.adopt(MAIN_THREAD, entered, shared));
      return { timeOrigin: realm.timeOrigin / 1000, shared };
    },
    ended: (worker) => recorder.later(() => late.part?.workerEnded(MAIN_THREAD, worker)),
    lastWords: (worker, words) =>
      recorder.later(() => late.part?.lastWords(MAIN_THREAD, worker, words)),
    after: realm.after,
  });
}
