import { contextLabel, nodeLabel } from '../../analysis/labels.ts';
import type {
  ContextFacts,
  DocumentFacts,
  LossFacts,
  MessageFacts,
  NodeFacts,
  Point,
} from '../../analysis/model.ts';
import { MAIN_THREAD, type ThreadId } from '../../shared/units.ts';
import type { TraceTime } from './trace-time.ts';
import type { Arg, TraceEvent, TraceWriter } from './trace-writer.ts';
import type { Tracks } from './tracks.ts';

export const CATEGORY = {
  page: 'page',
  context: 'context',
  state: 'state',
  module: 'module',
  node: 'node',
  message: 'message',
  memory: 'memory',
  gap: 'gap',
  finding: 'finding',
} as const;

type Category = (typeof CATEGORY)[keyof typeof CATEGORY];
type Happening = {
  readonly point: Point;
  readonly name: string;
  readonly category: Category;
  readonly args?: { readonly [name: string]: Arg | undefined };
  readonly stack?: string;
  readonly flows?: readonly Flow[];
  readonly endingFlows?: readonly Flow[];
  /** Not drawn before the beginning of these. */
  readonly after?: readonly Flow[];
};

/** An arrow from one event to a later one. */
export interface Flow {
  readonly id: number;
  /** Where it begins, in microseconds of the trace. */
  at: number;
}

/** The flows of one trace, numbered in the order of their making. */
export class Flows {
  #last = 0;

  next(): Flow {
    return { id: ++this.#last, at: 0 };
  }
}

/**
 * Everything of a document but its calls, counters and findings. What happens to a node, its
 * processor's messages included, are instants of the node's track; what the page does are instants
 * of the main thread; constructors and exceptions stand on the rendering thread too. Arrows lead
 * from what was sent to where it arrived. States of a context and gaps in the record are slices, on tracks where
 * nothing else is one.
 */
export class LifecycleWriter {
  readonly #out: TraceWriter;
  readonly #tracks: Tracks;
  readonly #time: TraceTime;
  readonly #flows: Flows;
  readonly #document: DocumentFacts;

  constructor(
    out: TraceWriter,
    tracks: Tracks,
    time: TraceTime,
    flows: Flows,
    document: DocumentFacts,
  ) {
    this.#out = out;
    this.#tracks = tracks;
    this.#time = time;
    this.#flows = flows;
    this.#document = document;
  }

  write(): void {
    const document = this.#document;
    this.#out.write({
      track: this.#tracks.main(document),
      type: 'instant',
      at: this.#time.of(document, 0),
      name: 'navigation start',
      category: CATEGORY.page,
      args: {
        url: document.url,
        crossOriginIsolated: document.isolated,
        notObserved: document.coverage.length > 0 ? document.coverage : undefined,
      },
    });
    for (const thread of document.threads.values()) {
      if (thread.id === MAIN_THREAD) continue;
      this.#on(this.#tracks.thread(document, thread.id), {
        point: thread.started,
        name: 'thread known',
        category: CATEGORY.page,
        args: { registered: thread.registered.length > 0 ? thread.registered : undefined },
      });
    }
    for (const event of document.pageEvents) {
      this.#onThread({ point: event, name: `page ${event.event}`, category: CATEGORY.page });
    }
    for (const mark of document.marks) {
      this.#onThread({ point: mark, name: mark.text, category: CATEGORY.page });
    }
    for (const module of document.modules.values()) {
      const flow = module.settled === undefined ? [] : [this.#flows.next()];
      this.#onThread({
        point: module.requested,
        name: `addModule → ${contextLabel(module.context)}`,
        category: CATEGORY.module,
        args: { url: module.url },
        stack: module.stack,
        flows: flow,
      });
      if (module.settled === undefined) continue;
      this.#onThread({
        point: module.settled,
        name: `addModule ${module.settled.outcome}`,
        category: CATEGORY.module,
        args: { url: module.url, reason: said(module.settled.reason) },
        endingFlows: flow,
      });
    }
    for (const refused of document.refused) {
      this.#onThread({
        point: refused,
        name: `new AudioWorkletNode threw: ${refused.processorName}`,
        category: CATEGORY.node,
        args: {
          context: contextLabel(refused.context),
          contextState: refused.contextState,
          reason: said(refused.reason),
        },
        stack: refused.stack,
      });
    }
    for (const block of document.blocks.values()) {
      const args = { offset: block.offset, length: block.length, memory: block.memory };
      this.#onThread({
        point: block.allocated,
        name: `alloc ${block.label}`,
        category: CATEGORY.memory,
        args,
        stack: block.allocateStack,
      });
      if (block.freed === undefined) continue;
      this.#onThread({
        point: block.freed,
        name: `free ${block.label}`,
        category: CATEGORY.memory,
        args,
        stack: block.freed.stack,
      });
    }
    for (const context of document.contexts.values()) this.#context(context);
    for (const node of document.nodes.values()) this.#node(node);
    this.#gaps();
  }

  #context(context: ContextFacts): void {
    const label = contextLabel(context);
    this.#onThread({
      point: context.created,
      name: `new ${label}`,
      category: CATEGORY.context,
      args: {
        sampleRate: context.sampleRate,
        length: context.kind === 'offline' ? context.length : undefined,
      },
      stack: context.createStack,
    });
    for (const call of context.calls) {
      const flow = call.settled === undefined ? [] : [this.#flows.next()];
      this.#onThread({
        point: call.called,
        name: `${call.method}() of ${label}`,
        category: CATEGORY.context,
        args: { frame: call.frame, settled: call.settled !== undefined },
        stack: call.stack,
        flows: flow,
      });
      if (call.settled === undefined) continue;
      this.#onThread({
        point: call.settled,
        name: `${call.method}() of ${label} ${call.settled.outcome}`,
        category: CATEGORY.context,
        args: { reason: said(call.settled.reason) },
        endingFlows: flow,
      });
    }
    const { state } = this.#tracks.context(context);
    if (context.collected !== undefined) {
      this.#on(state, {
        point: context.collected,
        name: 'collected',
        category: CATEGORY.context,
      });
    }
    this.#states(context, state);
    const rendering = context.audioThread?.id;
    if (rendering === undefined) return;
    const track = this.#tracks.thread(this.#document, rendering);
    for (const underrun of context.underruns) {
      this.#on(track, {
        point: underrun,
        name: 'underrun',
        category: CATEGORY.context,
        args: { events: underrun.events, duration: underrun.duration },
      });
    }
    for (const { second, timed, over, worstMicros, at } of context.quanta.seconds) {
      if (over === 0) continue;
      this.#out.write({
        track,
        type: 'instant',
        at: this.#time.of(this.#document, at),
        name: 'quanta over budget',
        category: CATEGORY.context,
        args: { second, over, timed, worstMicros },
      });
    }
  }

  /** One slice a state; the last one reaches to the end of what is known of the document. */
  #states(context: ContextFacts, track: number): void {
    const document = this.#document;
    const first = context.states[0];
    const begin = this.#time.of(document, context.created.at);
    const spans: { readonly state: string; readonly at: number }[] = [];
    if (first === undefined || this.#time.of(document, first.at) > begin) {
      spans.push({ state: 'suspended', at: begin });
    }
    for (const { state, at } of context.states) {
      const last = spans.at(-1);
      if (last?.state === state) continue;
      spans.push({ state, at: Math.max(this.#time.of(document, at), last?.at ?? begin) });
    }
    const known = this.#time.of(document, document.goneAt ?? document.lastAt);
    for (const [index, { state, at }] of spans.entries()) {
      const next = spans[index + 1];
      const end = Math.max(next?.at ?? known, at);
      const args = next === undefined ? { until: 'the last record' } : {};
      this.#slice(track, at, end, state, CATEGORY.state, args);
    }
  }

  #node(node: NodeFacts): void {
    const label = nodeLabel(node);
    const track = this.#tracks.node(node);
    const processor = node.processor;
    const birth = processor === undefined ? [] : [this.#flows.next()];
    const args = {
      node: node.key,
      processor: node.processorName,
      class: node.className,
      context: contextLabel(node.context),
      inputs: node.numberOfInputs,
      outputs: node.numberOfOutputs,
      options: said(node.options),
      memory: node.memory,
      emscripten: node.emscripten === 'no' ? undefined : node.emscripten,
      userData: node.userData > 0 ? `0x${node.userData.toString(16)}` : undefined,
      callback: node.callback > 0 ? node.callback : undefined,
    };
    const stack = node.createStack;
    this.#onThread({
      point: node.created,
      name: `new AudioWorkletNode ${label}`,
      category: CATEGORY.node,
      args,
      stack,
      flows: birth,
    });
    this.#on(track, { point: node.created, name: 'created', category: CATEGORY.node, args, stack });
    if (processor !== undefined) {
      const { constructed, constructError } = processor;
      const common = {
        point: constructed,
        category: CATEGORY.node,
        args: { reason: said(constructError) },
        stack: processor.constructStack,
      };
      const outcome = constructError === '' ? 'constructed' : 'constructor threw';
      this.#onThread({ ...common, name: `${outcome}: ${label}`, endingFlows: birth });
      this.#on(track, { ...common, name: outcome, after: birth });
    }
    for (const wire of node.wireEvents) {
      this.#on(track, {
        point: wire,
        name: `${wire.kind} ${wire.what}`,
        category: CATEGORY.node,
        args: { attachedAfter: wire.attachedAfter },
      });
    }
    for (const message of node.messages) this.#message(node, message);
    for (const closed of node.portClosed) {
      this.#on(track, {
        point: closed,
        name: closed.by === 'node' ? 'port closed by the page' : 'port closed by the processor',
        category: CATEGORY.node,
        stack: closed.stack,
      });
    }
    for (const farewell of node.farewells) {
      this.#on(track, {
        point: farewell,
        name: `destroyed: ${farewell.signal}`,
        category: CATEGORY.node,
        args: { signal: farewell.signal, frame: farewell.frame < 0 ? undefined : farewell.frame },
        stack: farewell.stack,
      });
    }
    const failed = processor?.failed;
    const heard = failed !== undefined && node.errorEvents.length > 0 ? [this.#flows.next()] : [];
    if (failed !== undefined) {
      const common = {
        point: failed,
        category: CATEGORY.node,
        args: { reason: said(failed.reason) },
        stack: failed.stack,
      };
      this.#onThread({ ...common, name: `exception in process() of ${label}`, flows: heard });
      this.#on(track, { ...common, name: 'exception in process()' });
    }
    for (const [index, error] of node.errorEvents.entries()) {
      this.#onThread({
        point: error,
        name: `processor error event of ${label}`,
        category: CATEGORY.node,
        args: { reason: said(error.reason) },
        endingFlows: index === 0 ? heard : [],
      });
    }
    if (processor?.collected !== undefined) {
      this.#on(track, {
        point: processor.collected,
        name: 'processor collected',
        category: CATEGORY.node,
      });
    }
    if (node.collected !== undefined) {
      this.#on(track, { point: node.collected, name: 'node collected', category: CATEGORY.node });
    }
  }

  #message(node: NodeFacts, message: MessageFacts): void {
    const { from, sent, received } = message;
    const label = nodeLabel(node);
    const flow = sent !== undefined && received !== undefined ? [this.#flows.next()] : [];
    const args = {
      index: message.index,
      bytes: message.bytes,
      preview: said(message.preview),
      delivered: received === undefined ? false : undefined,
    };
    const track = this.#tracks.node(node);
    if (sent !== undefined) {
      const out: Happening = {
        point: sent,
        name: from === 'node' ? `postMessage → ${label}` : 'postMessage → page',
        category: CATEGORY.message,
        args,
        stack: message.stack,
        flows: flow,
      };
      if (from === 'node') this.#onThread(out);
      else this.#on(track, out);
    }
    if (received !== undefined) {
      const what = message.failed ? 'messageerror' : 'message';
      const out: Happening = {
        point: received,
        name: from === 'node' ? `${what} from the page` : `${what} from ${label}`,
        category: CATEGORY.message,
        args,
        endingFlows: flow,
      };
      if (from === 'node') this.#on(track, out);
      else this.#onThread(out);
    }
  }

  /**
   * A loss is known where it ends. It is drawn from the last call before it on that rendering
   * thread; on other threads, where nothing tells, as an instant.
   */
  #gaps(): void {
    const document = this.#document;
    const ends = new Map<ThreadId, number>();
    for (const loss of [...document.losses].sort((a, b) => a.at - b.at)) {
      const { lostThread } = loss;
      const end = this.#time.of(document, loss.at);
      const from = Math.max(ends.get(lostThread) ?? 0, this.#lastCallEnd(loss) ?? end);
      ends.set(lostThread, end);
      const name = `lost ${loss.count} records: ${loss.why}`;
      const args = { count: loss.count, why: loss.why };
      const track = this.#tracks.thread(document, lostThread);
      if (from < end) this.#slice(track, from, end, name, CATEGORY.gap, args);
      else {
        this.#out.write({ track, type: 'instant', at: end, name, category: CATEGORY.gap, args });
      }
    }
  }

  #lastCallEnd(loss: LossFacts): number | undefined {
    const context = this.#document.threads.get(loss.lostThread)?.context;
    if (context === undefined) return undefined;
    let latest: number | undefined;
    for (const { calls } of context.nodes) {
      const call = calls.at(calls.firstFromTime(loss.at) - 1);
      if (call === undefined) continue;
      const end = this.#time.of(this.#document, call.at + (call.duration ?? 0));
      latest = Math.max(latest ?? 0, end);
    }
    return latest;
  }

  #slice(
    track: number,
    from: number,
    to: number,
    name: string,
    category: Category,
    args: NonNullable<TraceEvent['args']>,
  ): void {
    this.#out.write({ track, type: 'begin', at: from, name, category, args });
    this.#out.write({ track, type: 'end', at: to });
  }

  #onThread(happening: Happening): void {
    this.#on(this.#tracks.thread(this.#document, happening.point.thread), happening);
  }

  /**
   * What a flow leads to is never drawn before what it leads from: that order is certain, while the
   * clocks of two threads may be a millisecond apart.
   */
  #on(track: number, happening: Happening): void {
    const { point, flows = [], endingFlows = [], after = [], ...event } = happening;
    const at = Math.max(
      this.#time.of(this.#document, point.at),
      ...endingFlows.map((flow) => flow.at),
      ...after.map((flow) => flow.at),
    );
    for (const flow of flows) flow.at = at;
    // Numbers of a page that is not isolated count within their thread and would mislead.
    const seq = this.#document.isolated && point.seq > 0 ? point.seq : undefined;
    this.#out.write({
      ...event,
      track,
      type: 'instant',
      at,
      args: { ...event.args, seq },
      flows: flows.map((flow) => flow.id),
      endingFlows: endingFlows.map((flow) => flow.id),
    });
  }
}

/** Nothing is not worth an argument. */
function said(text: string): string | undefined {
  return text === '' ? undefined : text;
}
