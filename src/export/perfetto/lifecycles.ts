import { contextLabel, nodeLabel } from '../../analysis/labels.ts';
import type { ContextFacts, DocumentFacts, LossFacts, NodeFacts } from '../../analysis/model.ts';
import { MAIN_THREAD, type ThreadId } from '../../shared/units.ts';
import { CATEGORY, type HappeningWriter, said } from './happenings.ts';
import type { Tracks } from './tracks.ts';
import type { Verdicts } from './verdicts.ts';

/**
 * The page, its contexts, modules and nodes. What happens to a node are instants of the node's track;
 * what the page does are instants of the main thread; constructors and exceptions stand on the
 * rendering thread too. States of a context and gaps in the record are slices, on tracks where
 * nothing else is one.
 */
export class LifecycleWriter {
  readonly #out: HappeningWriter;
  readonly #tracks: Tracks;
  readonly #document: DocumentFacts;
  readonly #verdicts: Verdicts;

  constructor(out: HappeningWriter, verdicts: Verdicts) {
    this.#out = out;
    this.#tracks = out.tracks;
    this.#document = out.document;
    this.#verdicts = verdicts;
  }

  write(): void {
    const document = this.#document;
    const start = this.#out.time(0);
    this.#out.instant(this.#tracks.main(document), start, 'navigation start', CATEGORY.page, {
      url: document.url,
      crossOriginIsolated: document.isolated,
      notObserved: document.coverage.length > 0 ? document.coverage : undefined,
    });
    for (const thread of document.threads.values()) {
      if (thread.id === MAIN_THREAD) continue;
      this.#out.on(this.#tracks.thread(document, thread.id), {
        point: thread.started,
        name: 'thread known',
        category: CATEGORY.page,
        args: { registered: thread.registered.length > 0 ? thread.registered : undefined },
      });
    }
    for (const event of document.pageEvents) {
      this.#out.onThread({ point: event, name: `page ${event.event}`, category: CATEGORY.page });
    }
    for (const mark of document.marks) {
      this.#out.onThread({ point: mark, name: mark.text, category: CATEGORY.page });
    }
    for (const module of document.modules.values()) {
      const flow = module.settled === undefined ? [] : [this.#out.flows.next()];
      this.#out.onThread({
        point: module.requested,
        name: `addModule → ${contextLabel(module.context)}`,
        category: CATEGORY.module,
        args: { url: module.url },
        stack: module.stack,
        flows: flow,
      });
      if (module.settled === undefined) continue;
      this.#out.onThread({
        point: module.settled,
        name: `addModule ${module.settled.outcome}`,
        category: CATEGORY.module,
        args: { url: module.url, reason: said(module.settled.reason) },
        endingFlows: flow,
      });
    }
    for (const refused of document.refused) {
      this.#out.onThread({
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
      this.#out.onThread({
        point: block.allocated,
        name: `alloc ${block.label}`,
        category: CATEGORY.memory,
        args,
        stack: block.allocateStack,
      });
      if (block.freed === undefined) continue;
      this.#out.onThread({
        point: block.freed,
        name: `free ${block.label}`,
        category: CATEGORY.memory,
        args: { ...args, ...this.#verdicts.ofFree(block) },
        stack: block.freed.stack,
      });
    }
    for (const context of document.contexts.values()) this.#context(context);
    for (const node of document.nodes.values()) this.#node(node);
    this.#gaps();
  }

  #context(context: ContextFacts): void {
    const label = contextLabel(context);
    this.#out.onThread({
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
      const flow = call.settled === undefined ? [] : [this.#out.flows.next()];
      this.#out.onThread({
        point: call.called,
        name: `${call.method}() of ${label}`,
        category: CATEGORY.context,
        args: { frame: call.frame, settled: call.settled !== undefined },
        stack: call.stack,
        flows: flow,
      });
      if (call.settled === undefined) continue;
      this.#out.onThread({
        point: call.settled,
        name: `${call.method}() of ${label} ${call.settled.outcome}`,
        category: CATEGORY.context,
        args: { reason: said(call.settled.reason) },
        endingFlows: flow,
      });
    }
    const { state } = this.#tracks.context(context);
    if (context.collected !== undefined) {
      this.#out.on(state, {
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
      this.#out.on(track, {
        point: underrun,
        name: 'underrun',
        category: CATEGORY.context,
        args: { events: underrun.events, duration: underrun.duration },
      });
    }
    for (const { second, timed, over, worstMicros, at } of context.quanta.seconds) {
      if (over === 0) continue;
      const args = { second, over, timed, worstMicros };
      this.#out.instant(track, this.#out.time(at), 'quanta over budget', CATEGORY.context, args);
    }
  }

  /** One slice a state; the last one reaches to the end of what is known of the document. */
  #states(context: ContextFacts, track: number): void {
    const document = this.#document;
    const first = context.states[0];
    const begin = this.#out.time(context.created.at);
    const spans: { readonly state: string; readonly at: number }[] = [];
    if (first === undefined || this.#out.time(first.at) > begin) {
      spans.push({ state: 'suspended', at: begin });
    }
    for (const { state, at } of context.states) {
      const last = spans.at(-1);
      if (last?.state === state) continue;
      spans.push({ state, at: Math.max(this.#out.time(at), last?.at ?? begin) });
    }
    const known = this.#out.time(document.goneAt ?? document.lastAt);
    for (const [index, { state, at }] of spans.entries()) {
      const next = spans[index + 1];
      const end = Math.max(next?.at ?? known, at);
      const args = next === undefined ? { until: 'the last record' } : {};
      this.#out.slice(track, at, end, state, CATEGORY.state, args);
    }
  }

  #node(node: NodeFacts): void {
    const label = nodeLabel(node);
    const track = this.#tracks.node(node);
    const processor = node.processor;
    const birth = processor === undefined ? [] : [this.#out.flows.next()];
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
    this.#out.onThread({
      point: node.created,
      name: `new AudioWorkletNode ${label}`,
      category: CATEGORY.node,
      args,
      stack,
      flows: birth,
    });
    this.#out.on(track, {
      point: node.created,
      name: 'created',
      category: CATEGORY.node,
      args: { ...args, ...this.#verdicts.ofNode(node) },
      stack,
    });
    if (processor !== undefined) {
      const { constructed, constructError } = processor;
      const common = {
        point: constructed,
        category: CATEGORY.node,
        args: { reason: said(constructError) },
        stack: processor.constructStack,
      };
      const outcome = constructError === '' ? 'constructed' : 'constructor threw';
      this.#out.onThread({ ...common, name: `${outcome}: ${label}`, endingFlows: birth });
      this.#out.on(track, { ...common, name: outcome, after: birth });
    }
    for (const wire of node.wireEvents) {
      this.#out.on(track, {
        point: wire,
        name: `${wire.kind} ${wire.what}`,
        category: CATEGORY.node,
        args: { attachedAfter: wire.attachedAfter },
      });
    }
    for (const closed of node.portClosed) {
      this.#out.on(track, {
        point: closed,
        name: closed.by === 'node' ? 'port closed by the page' : 'port closed by the processor',
        category: CATEGORY.node,
        stack: closed.stack,
      });
    }
    for (const farewell of node.farewells) {
      this.#out.on(track, {
        point: farewell,
        name: `destroyed: ${farewell.signal}`,
        category: CATEGORY.node,
        args: {
          signal: farewell.signal,
          frame: farewell.frame < 0 ? undefined : farewell.frame,
          ...this.#verdicts.ofFarewell(node, farewell),
        },
        stack: farewell.stack,
      });
    }
    const failed = processor?.failed;
    const heard =
      failed !== undefined && node.errorEvents.length > 0 ? [this.#out.flows.next()] : [];
    if (failed !== undefined) {
      const common = {
        point: failed,
        category: CATEGORY.node,
        args: { reason: said(failed.reason) },
        stack: failed.stack,
      };
      this.#out.onThread({ ...common, name: `exception in process() of ${label}`, flows: heard });
      this.#out.on(track, { ...common, name: 'exception in process()' });
    }
    for (const [index, error] of node.errorEvents.entries()) {
      this.#out.onThread({
        point: error,
        name: `processor error event of ${label}`,
        category: CATEGORY.node,
        args: { reason: said(error.reason) },
        endingFlows: index === 0 ? heard : [],
      });
    }
    if (processor?.collected !== undefined) {
      this.#out.on(track, {
        point: processor.collected,
        name: 'processor collected',
        category: CATEGORY.node,
      });
    }
    if (node.collected !== undefined) {
      this.#out.on(track, {
        point: node.collected,
        name: 'node collected',
        category: CATEGORY.node,
      });
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
      const end = this.#out.time(loss.at);
      const from = Math.max(ends.get(lostThread) ?? 0, this.#lastCallEnd(loss) ?? end);
      ends.set(lostThread, end);
      const name = `lost ${loss.count} records: ${loss.why}`;
      const args = { count: loss.count, why: loss.why };
      const track = this.#tracks.thread(document, lostThread);
      if (from < end) this.#out.slice(track, from, end, name, CATEGORY.gap, args);
      else {
        this.#out.instant(track, end, name, CATEGORY.gap, args);
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
      const end = this.#out.time(call.at + (call.duration ?? 0));
      latest = Math.max(latest ?? 0, end);
    }
    return latest;
  }
}
