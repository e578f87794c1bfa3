import {
  apply,
  deref,
  floor,
  getOwnPropertyDescriptor,
  IntrinsicMap,
  IntrinsicWeakMap,
  mapDelete,
  mapForEach,
  mapGet,
  mapSet,
  max,
  min,
  promiseThen,
  weakMapGet,
  weakMapSet,
} from '../../base/intrinsics.ts';
import type { ApplyTrap } from '../../base/patch.ts';
import { digestValue } from '../../hooks/value-digest.ts';
import type { ContextMethod } from '../../shared/records.ts';
import { STRESS_TARGET } from '../../shared/slots.ts';
import { type StressAction, stressStep } from '../../shared/stress-schedule.ts';
import { RENDER_QUANTUM_FRAMES as QUANTUM } from '../../shared/units.ts';
import type { AnnotationHearer, Moment } from '../annotations.ts';
import type { ContextEntry } from '../entities.ts';
import type { LateObservation } from './late-observation.ts';
import { MemoryOwners } from './memory-owners.ts';
import { MessageQueue } from './message-queue.ts';
import type { NodeEntry } from './node-entries.ts';
import type { NodesByName } from './nodes.ts';
import { looksLikeStop } from './stop-message.ts';
import { askThread, awaitHeld, isAsked, withdraw } from './thread-stress.ts';

/** How long the page may be kept waiting for the call that is to be held: a device asks as rarely as its buffer is long. */
const WAIT_MS = 250;
const LONGEST_DROP_MS = 40;
/** After so long a question that no call has come for is taken back. */
const LAPSE_MS = 400;

interface Suspension {
  /** False once it is over, or the page has called something on the context itself. */
  isOurs: boolean;
}

/**
 * Stress teardown: at each moment at which the page gives a node up, it does what the schedule of the seed says.
 *
 * The moments, before the page's own call is made: `disconnect(…)` of a worklet node, `close()` of its port, a message
 * to its processor that reads like a request to stop, `__lifeline__.destroy`, a `lifeline:destroy` mark, and
 * `__lifeline__.free` of memory that was handed to a node. What is done is recorded as `stressed`; nothing outlasts
 * the schedule's time, no message is lost or overtaken, and a context is left as it was found.
 *
 * It puts itself in front of what observes those calls, so that without it there is nothing to pay for.
 */
export class Stress {
  readonly #observation: LateObservation;
  readonly #seed: number;
  readonly #ordinals = new IntrinsicWeakMap<NodeEntry, number>();
  readonly #owners = new MemoryOwners();
  readonly #queues = new IntrinsicMap<NodeEntry, MessageQueue>();
  readonly #suspensions = new IntrinsicWeakMap<ContextEntry, Suspension>();
  #newest: NodeEntry | undefined;
  #steps = 0;
  isOn = true;

  constructor(observation: LateObservation, seed: number) {
    this.#observation = observation;
    this.#seed = seed;
    this.#observeNodes();
    this.#observeCalls();
    this.#observeMessages();
    const { realm, recorder } = observation;
    realm.listen(realm.window, 'pagehide', () =>
      recorder.guard(() => mapForEach(this.#queues, (queue) => queue.flush())),
    );
  }

  /** Puts itself in front of who hears annotations. */
  hearBefore(hearer: AnnotationHearer, named: NodesByName): AnnotationHearer {
    const { nodes, recorder } = this.#observation;
    /** What the page says counts from when its call is let go on. */
    const afterwards = (node: NodeEntry | undefined, moment: Moment): Moment => {
      if (!node?.isWorklet) return moment;
      this.#intervene(node);
      return { seq: recorder.next(), at: recorder.now(), stack: moment.stack };
    };
    return {
      alloc: hearer.alloc,
      destroy: (value, moment) => hearer.destroy(value, afterwards(nodes.of(value), moment)),
      destroyNamed: (mark, moment) =>
        hearer.destroyNamed(mark, afterwards(named.find(mark), moment)),
      free: (buffer, offset, moment) => {
        const node = this.#owners.ownerOf(buffer) ?? this.#newest;
        hearer.free(buffer, offset, afterwards(node, moment));
      },
    };
  }

  #observeNodes(): void {
    const { nodeConstruction, nodes } = this.#observation;
    const inner = nodeConstruction.constructed;
    nodeConstruction.constructed = (node, context, args, newTarget, seq) => {
      const ordinal = context.nodes;
      inner?.(node, context, args, newTarget, seq);
      const entry = nodes.of(node);
      if (!entry) return;
      weakMapSet(this.#ordinals, entry, ordinal);
      this.#newest = entry;
      const options = args.length > 2 ? args[2] : undefined;
      if (typeof options === 'object' && options !== null) {
        const handed = getOwnPropertyDescriptor(options, 'processorOptions')?.value;
        this.#owners.handed(handed, entry);
      }
      context.called ??= (method) => this.#called(context, method);
    };
  }

  #observeCalls(): void {
    const { stubs, nodes, recorder } = this.#observation;
    const disconnect = stubs.disconnect.trap ?? apply;
    stubs.disconnect.trap = (native, self, args) => {
      const node = nodes.of(self);
      if (node?.isWorklet) recorder.guard(() => this.#intervene(node));
      return disconnect(native, self, args);
    };
    const close = stubs.closePort.trap ?? apply;
    stubs.closePort.trap = (native, self, args) => {
      const node = weakMapGet(nodes.ports, self as object);
      if (node) {
        recorder.guard(() => {
          this.#intervene(node);
          this.#flush(node);
        });
      }
      return close(native, self, args);
    };
  }

  /**
   * A message that may be delayed is copied when the page posts it, as the native call would; what cannot be
   * copied, or transfers anything, goes at once, after all that was held back.
   */
  #observeMessages(): void {
    const { stubs, nodes, realm, recorder } = this.#observation;
    const post: ApplyTrap = stubs.postMessage.trap ?? apply;
    stubs.postMessage.trap = (native, self, args) => {
      const node = weakMapGet(nodes.ports, self as object);
      if (!node) return post(native, self, args);
      let copy: unknown;
      let canWait = args.length === 1;
      if (canWait) {
        try {
          copy = realm.clone(args[0]);
        } catch {
          canWait = false; // The native call says why, in its own words.
        }
      }
      recorder.guard(() => {
        if (!canWait) this.#flush(node);
        else if (this.isOn && looksLikeStop(digestValue(copy).preview)) {
          this.#intervene(node);
        }
      });
      const result = post(
        canWait ? () => this.#post(node, self as MessagePort, copy) : native,
        self,
        args,
      );
      recorder.guard(() => {
        if (args.length > 0) this.#owners.handed(args[0], node);
      });
      return result;
    };
  }

  #post(node: NodeEntry, port: MessagePort, copy: unknown): undefined {
    const queue = mapGet(this.#queues, node);
    if (queue) queue.add(port, copy);
    else this.#observation.realm.post(port, copy);
  }

  #flush(node: NodeEntry): void {
    mapGet(this.#queues, node)?.flush();
  }

  /** The page gives `node` up in some way. */
  #intervene(node: NodeEntry): void {
    if (!this.isOn) return;
    const step = this.#steps++;
    const { action, millis } = stressStep(this.#seed, step);
    if (!this.#act(action, node, millis, step)) this.#record('nothing', node, step, 0);
  }

  /** False where there is nothing to be done to the node as it is. */
  #act(action: StressAction, node: NodeEntry, millis: number, step: number): boolean {
    switch (action) {
      case 'hold':
        return this.#hold(node, millis, step);
      case 'drop':
        return this.#drop(node, millis, step);
      case 'delay':
        return this.#delay(node, millis, step);
      case 'suspend':
        return this.#suspend(node, millis, step);
      case 'nothing':
        return false;
    }
  }

  /** The audio rendering thread records it, when it does it. */
  #hold(node: NodeEntry, millis: number, step: number): boolean {
    const ordinal = weakMapGet(this.#ordinals, node);
    if (ordinal === undefined || !this.#ask(node, ordinal + 1, millis, step)) return false;
    const control = node.context.thread?.control;
    const { realm } = this.#observation;
    // A whole quantum has passed once more calls have begun than there are nodes.
    if (control) awaitHeld(control, node.context.nodes, realm.now, realm.now() + WAIT_MS * 1000);
    return true;
  }

  /** Whatever is called next takes longer than the quantum has. */
  #drop(node: NodeEntry, millis: number, step: number): boolean {
    const { entities } = this.#observation;
    const context = deref(node.context.ref);
    const frames = (context && entities.natives.renderQuantumSize?.(context)) ?? QUANTUM;
    const twoQuanta = floor((frames * 2000) / node.context.sampleRate) + 1;
    return this.#ask(node, STRESS_TARGET.any, max(millis, min(twoQuanta, LONGEST_DROP_MS)), step);
  }

  #ask(node: NodeEntry, target: number, millis: number, step: number): boolean {
    const { entities, realm, recorder } = this.#observation;
    const { thread } = node.context;
    if (!thread || entities.stateOf(node.context) !== 'running') return false;
    const answer = askThread(thread, 'hold', target, millis, step);
    if (answer === 'busy') return false;
    if (answer !== 'asked') this.#record('nothing', node, answer.replaced, 0);
    realm.after(LAPSE_MS, () =>
      recorder.guard(() => {
        if (withdraw(thread, 'hold', step)) this.#record('nothing', node, step, 0);
      }),
    );
    return true;
  }

  /** Messages to the processor wait for the end of the time; the next one from it is posted so much later. */
  #delay(node: NodeEntry, millis: number, step: number): boolean {
    const { realm, recorder } = this.#observation;
    if (mapGet(this.#queues, node)) return false;
    const queue = new MessageQueue(realm.post);
    mapSet(this.#queues, node, queue);
    const ordinal = weakMapGet(this.#ordinals, node);
    const { thread } = node.context;
    if (thread && ordinal !== undefined) askThread(thread, 'delay', ordinal + 1, millis, step);
    this.#record('delay', node, step, millis);
    realm.after(millis, () =>
      recorder.guard(() => {
        mapDelete(this.#queues, node);
        queue.flush();
        if (thread) withdraw(thread, 'delay', step);
      }),
    );
    return true;
  }

  /** The page's own calls win: after one of them the context is not ours to resume. */
  #suspend(node: NodeEntry, millis: number, step: number): boolean {
    const { entities, realm, recorder } = this.#observation;
    const { natives } = entities;
    const entry = node.context;
    const context = deref(entry.ref) as AudioContext | undefined;
    if (!context || entry.kind === 'offline' || natives.state(context) !== 'running') return false;
    if (weakMapGet(this.#suspensions, entry)?.isOurs) return false;
    // The browser would wait for the call that is being held, and so spare the page what it is held for.
    if (entry.thread && isAsked(entry.thread)) return false;
    const suspension: Suspension = { isOurs: true };
    weakMapSet(this.#suspensions, entry, suspension);
    this.#record('suspend', node, step, millis);
    ignore(natives.suspend(context));
    // Keeps the context: one that stands still could be collected, one that runs could not.
    realm.after(millis, () =>
      recorder.guard(() => {
        if (!suspension.isOurs) return;
        suspension.isOurs = false;
        if (natives.state(context) === 'closed') return;
        this.#record('resume', node, step, 0);
        ignore(natives.resume(context));
      }),
    );
    return true;
  }

  /** The page is about to change the state of a context itself. */
  #called(context: ContextEntry, method: ContextMethod): void {
    const suspension = weakMapGet(this.#suspensions, context);
    if (suspension) suspension.isOurs = false;
    if (method !== 'close') return;
    // What was posted before a context closes was on its way before.
    mapForEach(this.#queues, (queue, node) => {
      if (node.context === context) queue.flush();
    });
  }

  #record(action: StressAction | 'resume', node: NodeEntry, step: number, millis: number): void {
    this.#observation.recorder.record('stressed', {
      action,
      node: node.id,
      context: node.context.id,
      seed: this.#seed,
      step,
      micros: millis * 1000,
    });
  }
}

function ignore(promise: Promise<unknown>): void {
  const nothing = (): undefined => undefined;
  void promiseThen(promise, nothing, nothing);
}
