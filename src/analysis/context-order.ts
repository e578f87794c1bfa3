import type { Frames, Seq } from '../shared/units.ts';
import type { ContextState } from './context-state.ts';
import type { Lane } from './lane.ts';
import type { ContextCallFacts, ModuleFacts, Point } from './model.ts';
import type { EdgeStore } from './ordering/edge-store.ts';
import type { Place } from './ordering/places.ts';

/**
 * How far the frame that a page sees may lie behind the one that is rendered, where no counter tells. Up
 * to 512 were seen in Chromium.
 */
const STALE_FRAMES = 512;

/** Standstills, and starts, of one context that calls still to come may say more of. */
const MAX_OPEN = 64;

interface Standstill {
  readonly call: ContextCallFacts;
  readonly settled: Point;
  /** The tick of the release that was told last. */
  told: number;
}

/**
 * Which of a context’s calls are before what its page saw, and after what it did: derived from its facts
 * as they come in, in whatever order, and told to the edges of the document.
 */
export class ContextOrder {
  readonly #context: ContextState;
  readonly #edges: EdgeStore;
  readonly #isolated: boolean;
  readonly modules: ModuleFacts[] = [];
  readonly registrations: Point[] = [];
  #standstills: Standstill[] = [];
  #runs: ContextCallFacts[] = [];
  #unsure: ModuleFacts[] = [];
  /** `calls` of the context, and registrations, when the lists above were last gone through. */
  #seenCalls = 0;
  #seenRegistrations = 0;
  #changed = false;

  constructor(context: ContextState, edges: EdgeStore, isolated: boolean) {
    this.#context = context;
    this.#edges = edges;
    this.#isolated = isolated;
  }

  called(call: ContextCallFacts): void {
    this.#changed = true;
    if (isRun(call)) this.#runs.push(call);
  }

  settledCall(call: ContextCallFacts): void {
    const { settled, method } = call;
    this.#changed = true;
    if (settled === undefined || settled.outcome !== 'resolved' || method === 'resume') return;
    this.#standstills.push({ call, settled, told: -1 });
    if (this.#standstills.length > MAX_OPEN) this.#standstills.shift();
  }

  settledModule(module: ModuleFacts): void {
    this.#changed = true;
    if (module.settled?.outcome === 'resolved') this.#unsure.push(module);
  }

  /** Either side of a lane became known. */
  constructed(lane: Lane): void {
    const { node, processor } = lane;
    if (processor === undefined) return;
    const { constructed } = processor;
    if (node === undefined) {
      this.#edges.pend(constructed);
      lane.awaitsNode = true;
      return;
    }
    this.#edges.add('construction', node.created, constructed);
    if (lane.awaitsNode) this.#edges.resolve(constructed);
    lane.awaitsNode = false;
  }

  /** An exception in a processor, or the error event that tells of it, became known. */
  failed(lane: Lane): void {
    const [event] = lane.node?.errorEvents ?? [];
    const threw =
      lane.processor !== undefined && lane.processor.constructError !== ''
        ? lane.processor.constructed
        : lane.failed;
    if (event !== undefined && threw !== undefined)
      this.#edges.add('processor-error', threw, event);
  }

  /** Tells what is known by now. True when something that was told is wrong after all. */
  settle(): boolean {
    const { calls } = this.#context;
    const grown =
      calls !== this.#seenCalls || this.registrations.length !== this.#seenRegistrations;
    if (!this.#changed && !grown) return false;
    this.#changed = false;
    this.#seenCalls = calls;
    this.#seenRegistrations = this.registrations.length;
    let wrong = false;
    this.#standstills = this.#standstills.filter((standstill) => {
      const told = this.#tellStandstill(standstill);
      if (told === 'wrong') wrong = true;
      return told !== 'final';
    });
    this.#runs = this.#runs.filter((run) => !this.#tellRun(run)).slice(-MAX_OPEN);
    for (const module of this.#unsure) this.#tellModule(module);
    return wrong;
  }

  /** Tells everything, into a store that has forgotten all. */
  replay(): void {
    const { facts, lanes } = this.#context;
    this.#changed = true;
    this.#standstills = [];
    for (const call of facts.calls) this.settledCall(call);
    this.#runs = facts.calls.filter(isRun);
    for (const lane of lanes) {
      if (lane === undefined) continue;
      lane.awaitsNode = false;
      this.constructed(lane);
      this.failed(lane);
    }
    this.settle();
  }

  /** `wrong` when the release that was told before was too late. */
  #tellStandstill(standstill: Standstill): 'open' | 'final' | 'wrong' {
    const { call, settled } = standstill;
    const { facts, thread } = this.#context;
    if (thread === undefined) return 'open';
    const next =
      call.method === 'suspend'
        ? facts.calls.find(
            // Offline, a suspension is mostly asked for before rendering starts.
            ({ method, called }) => method === 'resume' && called.tick > call.called.tick,
          )
        : undefined;
    const limit = Math.min(settled.tick, next?.called.tick ?? settled.tick);
    const frame = next?.frame ?? Number.POSITIVE_INFINITY;
    const tick = this.#isolated ? this.#lastExit(limit) : this.#lastExitByFrame(frame);
    if (tick > standstill.told) {
      this.#edges.add('standstill', { thread: thread.id, tick }, settled);
    }
    const wrong = tick < standstill.told;
    standstill.told = tick;
    if (wrong) return 'wrong';
    const { lastEnter, lastCallFrame } = this.#context;
    const passed = this.#isolated ? lastEnter >= limit : lastCallFrame >= frame;
    return passed ? 'final' : 'open';
  }

  /** Whether there is nothing more to say of it. */
  #tellRun(run: ContextCallFacts): boolean {
    const { thread } = this.#context;
    if (thread === undefined) return false;
    if (!this.#stoodStill(run)) return true;
    const tick = this.#isolated
      ? this.#firstEnter((lane) => lane.calls.firstEnteredAfter(run.called.seq))
      : this.#firstEnter((lane) => lane.calls.firstFromFrame(this.#surely(run)));
    if (tick === Number.POSITIVE_INFINITY) return false;
    this.#edges.add('resumption', run.called, { thread: thread.id, tick });
    return true;
  }

  #surely(run: ContextCallFacts): Frames {
    const first = run.frame === 0;
    return (first ? 0 : run.frame + STALE_FRAMES) as Frames;
  }

  /** Whether the page had seen a suspension complete, or the context had never run. */
  #stoodStill({ method, called }: ContextCallFacts): boolean {
    if (method === 'startRendering') return true;
    const { calls, states } = this.#context.facts;
    let last: ContextCallFacts | undefined;
    for (const each of calls) {
      if (each.called.tick >= called.tick) break;
      if (each.method === 'suspend' || isRun(each)) last = each;
    }
    if (last === undefined) {
      const before = states.filter(({ tick }) => tick < called.tick);
      return before.every(({ state }) => state === 'suspended');
    }
    const { settled } = last;
    return last.method === 'suspend' && settled !== undefined && settled.tick <= called.tick;
  }

  /** The registrations between request and answer are the module’s, unless another one was under way. */
  #tellModule(module: ModuleFacts): void {
    const { requested, settled } = module;
    if (settled === undefined) return;
    const alone = this.modules.every(
      (each) =>
        each === module ||
        each.requested.tick > settled.tick ||
        (each.settled !== undefined && each.settled.tick < requested.tick),
    );
    if (!alone) return;
    let first: Place | undefined;
    let last: Place | undefined;
    for (const each of this.registrations) {
      const inside = this.#isolated
        ? each.seq > requested.seq && each.seq < settled.seq
        : this.modules.length === 1;
      if (!inside) continue;
      first ??= each;
      last = each;
    }
    if (first === undefined || last === undefined) return;
    this.#edges.add('module', requested, first);
    this.#edges.add('module', last, settled);
  }

  /** The exit of the last call that had begun before a tick. */
  #lastExit(tick: number): number {
    const context = this.#context;
    if (context.lastEnter < tick) return context.lastExit;
    return this.#mostExit((lane) => lane.calls.firstEnteredAfter((tick - 1) as Seq));
  }

  #lastExitByFrame(frame: number): number {
    const context = this.#context;
    if (context.lastCallFrame < frame) return context.lastExit;
    return this.#mostExit((lane) => lane.calls.firstFromFrame(frame as Frames));
  }

  #mostExit(endOf: (lane: Lane) => number): number {
    let most = -1;
    for (const lane of this.#context.lanes) {
      if (lane === undefined || lane.calls.length === 0) continue;
      const exit = lane.calls.at(endOf(lane) - 1)?.exit ?? -1;
      if (exit > most) most = exit;
    }
    return most;
  }

  #firstEnter(beginOf: (lane: Lane) => number): number {
    let least = Number.POSITIVE_INFINITY;
    for (const lane of this.#context.lanes) {
      if (lane === undefined || lane.calls.length === 0) continue;
      const enter = lane.calls.at(beginOf(lane))?.enter ?? Number.POSITIVE_INFINITY;
      if (enter < least) least = enter;
    }
    return least;
  }
}

export function isRun({ method }: ContextCallFacts): boolean {
  return method === 'resume' || method === 'startRendering';
}
