import {
  apply,
  IntrinsicInt32Array,
  IntrinsicSharedArrayBuffer,
  promiseThen,
} from '../base/intrinsics.ts';
import { constructAs, type Native } from '../base/patch.ts';
import { describeError } from '../shared/describe-error.ts';
import * as LIMITS from '../shared/limits.ts';
import { PASSAGE_NAME, type Passage, type SharedCells } from '../shared/passage.ts';
import type { ContextKind } from '../shared/records.ts';
import { CONTROL, SLOT_BYTES } from '../shared/slots.ts';
import type { ThreadId } from '../shared/units.ts';
import { AudioThread } from './audio-thread.ts';
import type { ContextEntry } from './entities.ts';
import type { Observation } from './observation.ts';
import type { Order } from './order.ts';
import { interfaceOf, methodOf } from './page-realm.ts';
import { watchUnderruns } from './underruns.ts';

/** Puts the prelude into the scope of a context. */
export interface PreludeLoader {
  /** Settles, always well, once the scope is observed or cannot be; undefined when it already is. */
  load(context: BaseAudioContext, worklet: object, entry: ContextEntry): Promise<void> | undefined;
}

/** `url` is the prelude's in the extension, `order` the document's counter. */
export function createPreludeLoader(
  observation: Observation,
  url: string,
  order: Order,
): PreludeLoader {
  const { collector, entities, realm, recorder } = observation;
  const { port: portOf } = entities.natives;
  const addModule = methodOf('Worklet', 'addModule');
  const WorkletNode = interfaceOf('AudioWorkletNode') as unknown as Native;
  const originMs = Date.now() - realm.now() / 1000;
  const randomName = takeRandomNames();
  let threads = 0;

  const uncovered = (detail: string): void =>
    recorder.record('uncovered', { what: 'prelude', detail });

  const shareCells = (kind: ContextKind): SharedCells | undefined =>
    order.cell && {
      order: order.cell,
      control: new IntrinsicSharedArrayBuffer(CONTROL.words * 4),
      ring:
        kind === 'realtime'
          ? new IntrinsicSharedArrayBuffer(LIMITS.ringSlots * SLOT_BYTES)
          : undefined,
    };

  /** The one node of our own: its options carry everything across, its port stays. */
  const pass = (context: BaseAudioContext, entry: ContextEntry, name: string): void => {
    const id = ++threads as ThreadId;
    const shared = shareCells(entry.kind);
    const passage: Passage = {
      thread: id,
      kind: entry.kind,
      originMs,
      fineClock: collector.fineClock,
      shared,
    };
    const options = { __proto__: null, processorOptions: passage };
    const carrier = constructAs(WorkletNode, [context, name, options], WorkletNode);
    const port = portOf(carrier as AudioWorkletNode);
    entry.thread = new AudioThread({
      id,
      shared,
      port,
      isRunning: () => entities.stateOf(entry) === 'running',
      poll: watchUnderruns(observation, entry),
      realm,
      sink: collector,
    });
    recorder.record('threadStarted', {
      thread: id,
      kind: 'audio',
      context: entry.id,
      name: `audio rendering thread of context ${entry.id}`,
    });
    collector.add(entry.thread);
  };

  return {
    load(context, worklet, entry) {
      if (entry.isReady) return undefined;
      if (threads + 1 >= LIMITS.threads) {
        entry.isReady = true;
        uncovered('Too many contexts: the processors of this one are not seen.');
        return undefined;
      }
      if (entry.prelude) return entry.prelude;
      const name = randomName();
      entry.prelude = promiseThen(
        apply(addModule, worklet, [`${url}?${PASSAGE_NAME}=${name}`]) as Promise<unknown>,
        () => {
          entry.isReady = true;
          recorder.guard(() => pass(context, entry, name));
        },
        (error) => {
          entry.isReady = true;
          recorder.guard(() => uncovered(describeError(error)));
        },
      );
      return entry.prelude;
    },
  };
}

/**
 * One name for each scope, known to our two scripts only until it has served: who does not know it
 * cannot speak for them. (Afterwards a page can read it in the stack of any call of its own.)
 */
function takeRandomNames(): () => string {
  const { crypto } = globalThis;
  const { getRandomValues } = crypto;
  return () => {
    const words = new IntrinsicInt32Array(4);
    apply(getRandomValues, crypto, [words]);
    return `lifeline${words[0]}${words[1]}${words[2]}${words[3]}`;
  };
}
