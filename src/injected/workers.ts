import { apply, globalScope, indexOf } from '../base/intrinsics.ts';
import { ownMember } from '../base/own-natives.ts';
import type { Native } from '../base/patch.ts';
import { type Channels, listen } from '../hooks/channels.ts';
import { getterOf, methodOf } from '../hooks/interfaces.ts';
import { shareCells } from '../hooks/share-cells.ts';
import type { Witness } from '../hooks/witness.ts';
import { observeWorkers, stop } from '../hooks/workers.ts';
import type { WorkerEntered } from '../shared/records.ts';
import { MAIN_THREAD } from '../shared/units.ts';
import { holdMessages } from './held-messages.ts';
import type { Observation } from './observation.ts';
import type { Order } from './order.ts';

/** A document with one of these has a content security policy. */
const POLICY_SIGNS = 'meta[http-equiv="content-security-policy" i],[nonce]';

/** What a violation of a policy says, as far as the page has left it to the engine. */
function policyText(event: object, name: 'blockedURI' | 'sourceFile'): string {
  const get = ownMember(globalScope, 'SecurityPolicyViolationEvent', name, 'get');
  return get ? (apply(get, event, []) as string) : '';
}

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
  const Compile = Function as unknown as Native;
  const post = methodOf('Worker', 'postMessage');
  /** Whether a worker of ours may run, as far as this document has shown. */
  let isAllowed: boolean | undefined;
  let isProven = false;
  /** Workers whose messages are held, or go to another. */
  let redirections = 0;
  let isBlocked = false;

  /** Of the events that say what we may not do the page hears nothing. */
  const heard = (event: object): void => {
    const what = policyText(event, 'blockedURI');
    if (what === 'blob' && isAllowed && !isProven) isBlocked = true;
    else if (what !== 'eval' || indexOf(policyText(event, 'sourceFile'), 'http') === 0) return;
    stop(event);
  };

  /** Whether code may be made of text. Where it may not, there is a policy. */
  const compiles = (): boolean => {
    listen(window, 'securitypolicyviolation', heard, true);
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
    if (isBlocked || apply(querySelector, document, [POLICY_SIGNS])) isAllowed = false;
    else isAllowed ??= compiles();
    if (isAllowed) return 'yes';
    recorder.later(() => late.part?.forbidden());
    return 'forbidden';
  };

  observeWorkers(witness, channels, {
    base: () => baseOf?.(document) ?? '',
    entering,
    prelude: url,
    randomName,
    get mayRedirect() {
      return redirections > 0;
    },
    // The first worker of a document may yet be refused: some policies show in nothing else.
    entered(worker, entry) {
      if (isProven) return;
      redirections++;
      const letGo = holdMessages(entry, post, realm.clone);
      entry.proven = () => {
        isProven = true;
        entry.proven = undefined;
        letGo(worker);
        entry.via = undefined;
        redirections--;
      };
      entry.replaced = letGo;
    },
    refused(worker, entry) {
      if (!isBlocked || !entry.replaced) return false;
      recorder.later(() => late.part?.replace(worker, entry));
      return true;
    },
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
