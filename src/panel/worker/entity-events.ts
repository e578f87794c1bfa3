import { atomicTime } from '../../analysis/atomic-point.ts';
import { blockLabel, channelLabel, memoryLabel, threadLabel } from '../../analysis/labels.ts';
import type {
  ChannelFacts,
  ContextFacts,
  DestroySignal,
  DocumentFacts,
  InterventionFacts,
  MessageFacts,
  NodeFacts,
  Point,
  WorkerFacts,
} from '../../analysis/model.ts';
import type { AtomicColumn } from '../../analysis/ordering/atomic-store.ts';
import { atomicTick, atomicWords } from '../../export/atomic-words.ts';
import { MAIN_THREAD, type Seq, type ThreadId } from '../../shared/units.ts';
import { formatDuration } from './format.ts';
import type { Glance } from './glance.ts';

/** One event of an entity's life, in words. */
export interface EntityEvent extends Point {
  readonly what: string;
}

export const SIGNAL_WORDS = {
  declared: 'destroyed, as the page declared',
  emscripten: 'destroyed by emscripten_destroy_web_audio_node',
  closed: 'destroyed: port closed and detached',
  'context-closed': 'context closed',
  collected: 'node object garbage-collected',
  detached: 'detached: nothing connected any more',
} as const satisfies { [S in DestroySignal]: string };

export function nodeEvents(node: NodeFacts, glance: Glance): readonly EntityEvent[] {
  const events = nodeLife(node);
  for (const message of glance.messages(node.messages)) events.push(...messageEvents(message));
  return inOrder(events);
}

/** Without its messages, in no order. */
export function nodeLife(node: NodeFacts): EntityEvent[] {
  const events: EntityEvent[] = [{ ...point(node.created), what: 'created' }];
  const { processor } = node;
  if (processor !== undefined) {
    events.push({
      ...point(processor.constructed),
      what:
        processor.constructError === ''
          ? 'processor constructed'
          : `processor’s constructor threw: ${processor.constructError}`,
    });
    if (processor.failed !== undefined) {
      events.push({
        ...point(processor.failed),
        what: `process() threw: ${processor.failed.reason}`,
      });
    }
    if (processor.collected !== undefined) {
      events.push({ ...point(processor.collected), what: 'processor garbage-collected' });
    }
  }
  for (const wire of node.wireEvents) {
    events.push({ ...point(wire), what: `${wire.kind} ${wire.what}`.trim() });
  }
  for (const closed of node.portClosed) {
    events.push({
      ...point(closed),
      what: `port closed by the ${closed.by === 'node' ? 'page' : 'processor'}`,
    });
  }
  for (const farewell of node.farewells) {
    events.push({ ...point(farewell), what: SIGNAL_WORDS[farewell.signal] });
  }
  for (const error of node.errorEvents) {
    events.push({ ...point(error), what: `processor error event: ${error.reason}` });
  }
  for (const each of node.document.interventions) {
    if (each.node === node) events.push(interventionEvent(each));
  }
  return events;
}

export function workerEvents(worker: WorkerFacts, glance: Glance): readonly EntityEvent[] {
  const { document, thread } = worker;
  const events = workerLife(worker);
  for (const message of glance.messages(worker.channel.messages))
    events.push(...messageEvents(message));
  if (thread !== undefined) {
    events.push(...threadEvents(document, thread.id, glance));
  }
  return inOrder(events);
}

/** Without what it sent, received and did to shared memory, in no order. */
export function workerLife(worker: WorkerFacts): EntityEvent[] {
  const { scope, ended } = worker;
  const events: EntityEvent[] = [{ ...point(worker.created), what: 'created' }];
  for (const [state, words] of Object.entries(SCOPE_WORDS)) {
    const at = scope[state as keyof typeof SCOPE_WORDS];
    if (at !== undefined) events.push({ ...point(at), what: words });
  }
  if (ended !== undefined) {
    const what =
      ended.how === 'terminated' ? 'terminate() called' : `did not load: ${ended.reason}`;
    events.push({ ...point(ended), what });
  }
  for (const error of worker.errors) {
    events.push({ ...point(error), what: `error event: ${error.reason}` });
  }
  return events;
}

const SCOPE_WORDS = {
  started: 'first statement',
  evaluated: 'script evaluated',
  closing: 'close() called',
} as const satisfies { readonly [S in keyof WorkerFacts['scope']]: string };

/** What a thread did with ports that are neither a node’s nor a worker’s, and with memory that others share. */
function* threadEvents(
  document: DocumentFacts,
  thread: ThreadId,
  glance: Glance,
): Iterable<EntityEvent> {
  for (const channel of document.channels) {
    if (channel.kind === 'node' || channel.kind === 'worker') continue;
    if (hasEndIn(channel, thread)) yield* portEvents(channel, thread, glance);
  }
  for (const memory of document.memories) {
    for (const growth of memory.growths) {
      if (growth.thread !== thread) continue;
      yield { ...point(growth), what: `${memoryLabel(memory)} grew to ${growth.to} bytes` };
    }
  }
  for (const column of document.atomics.columns(thread)) {
    for (const i of glance.atomics(column)) yield atomicEvent(document, column, i);
  }
}

function* portEvents(
  channel: ChannelFacts,
  thread: ThreadId,
  glance: Glance,
): Iterable<EntityEvent> {
  for (const message of glance.messages(channel.messages)) {
    for (const event of messageEvents(message)) if (event.thread === thread) yield event;
  }
  const name = channelLabel(channel);
  for (const { ends } of channel.sides) {
    for (const end of ends) {
      if (end.thread !== thread) continue;
      if (end.closed) yield { ...point(end.closed), what: `${name} closed` };
      if (end.closeEvent) yield { ...point(end.closeEvent), what: `close event of ${name}` };
    }
  }
}

export function hasEndIn({ sides }: ChannelFacts, thread: ThreadId): boolean {
  return sides.some(({ ends }) => ends.some((end) => end.thread === thread));
}

export function atomicEvent(
  document: DocumentFacts,
  column: AtomicColumn,
  index: number,
): EntityEvent {
  const tick = atomicTick(column, index);
  return {
    at: atomicTime(document, column, index),
    seq: (document.isolated ? tick : 0) as Seq,
    thread: column.thread,
    tick,
    what: atomicWords(document, column, index),
  };
}

export function messageEvents(message: MessageFacts): readonly EntityEvent[] {
  const { sent, received, failed } = message;
  const way = wayOf(message);
  const text = message.preview === '' ? '' : `: ${message.preview}`;
  const events: EntityEvent[] = [];
  if (sent !== undefined) {
    const fate = received === undefined ? `, ${fateOf(message)}` : '';
    const payload =
      message.payload.length === 0 ? '' : ` with ${message.payload.map(blockLabel).join(', ')}`;
    events.push({ ...point(sent), what: `message sent ${way}${payload}${fate}${text}` });
  }
  if (received !== undefined) {
    const queued = sent === undefined ? undefined : Math.max(0, received.at - sent.at);
    const after = queued === undefined ? '' : ` after ${formatDuration(queued)}`;
    events.push({
      ...point(received),
      what: failed
        ? `message failed ${way} (messageerror)`
        : `message handled ${way}${after}${text}`,
    });
  }
  return events;
}

/** From whom to whom. */
function wayOf({ channel, side, sent, received }: MessageFacts): string {
  const { document, node, worker } = channel;
  if (node !== undefined) return side === 0 ? 'page → processor' : 'processor → page';
  if (worker !== undefined) {
    const parent = threadLabel(document, worker.parent);
    return side === 0 ? `${parent} → worker` : `worker → ${parent}`;
  }
  const from = sent === undefined ? '?' : threadLabel(document, sent.thread);
  const to = received === undefined ? '?' : threadLabel(document, received.thread);
  return `${from} → ${to} by ${channelLabel(channel)}`;
}

/** What became of a message that nobody was seen to handle. */
export function fateOf({ channel, side }: MessageFacts): string {
  const { document, node, worker } = channel;
  if (channel.sides[1 - side]?.ends.some(({ closed }) => closed !== undefined)) {
    return 'never handled (its port was closed)';
  }
  if (worker?.ended !== undefined && side === 0) {
    return `never handled (the worker ${worker.ended.how === 'terminated' ? 'was terminated' : 'did not load'})`;
  }
  if (node?.context.closed !== undefined) return 'never handled (its context is closed)';
  return document.goneAt === undefined ? 'not handled so far' : 'never handled';
}

export function contextEvents(context: ContextFacts, glance: Glance): readonly EntityEvent[] {
  const { document, audioThread } = context;
  const events = contextLife(context);
  if (audioThread !== undefined) {
    events.push(...threadEvents(document, audioThread.id, glance));
  }
  return inOrder(events);
}

/** Without what its thread sent, received and did to shared memory, in no order. */
export function contextLife(context: ContextFacts): EntityEvent[] {
  const events: EntityEvent[] = [{ ...point(context.created), what: 'created' }];
  for (const state of context.states) {
    events.push({ ...point(state), what: `state became ${state.state}` });
  }
  for (const { method, called, settled } of context.calls) {
    events.push({ ...point(called), what: `${method}() called` });
    if (settled === undefined) continue;
    const reason = settled.reason === '' ? '' : `: ${settled.reason}`;
    events.push({ ...point(settled), what: `${method}() ${settled.outcome}${reason}` });
  }
  for (const module of context.document.modules.values()) {
    if (module.context !== context) continue;
    events.push({ ...point(module.requested), what: `addModule(${module.url})` });
    if (module.settled === undefined) continue;
    const reason = module.settled.reason === '' ? '' : `: ${module.settled.reason}`;
    events.push({ ...point(module.settled), what: `addModule ${module.settled.outcome}${reason}` });
  }
  for (const refused of context.document.refused) {
    if (refused.context !== context) continue;
    events.push({
      ...point(refused),
      what: `new AudioWorkletNode('${refused.processorName}') threw: ${refused.reason}`,
    });
  }
  for (const underrun of context.underruns) {
    events.push({ ...point(underrun), what: `device underruns: ${underrun.events}` });
  }
  for (const each of context.document.interventions) {
    if (each.context === context && each.node === undefined) events.push(interventionEvent(each));
  }
  if (context.collected !== undefined) {
    events.push({ ...point(context.collected), what: 'context object garbage-collected' });
  }
  return events;
}

export function documentEvents(document: DocumentFacts, glance: Glance): readonly EntityEvent[] {
  const events = documentLife(document);
  events.push(...threadEvents(document, MAIN_THREAD, glance));
  return inOrder(events);
}

/** Without what the main thread sent, received and did to shared memory, in no order. */
export function documentLife(document: DocumentFacts): EntityEvent[] {
  const events: EntityEvent[] = document.pageEvents.map((each) => ({
    ...point(each),
    what: `page ${each.event}`,
  }));
  for (const loss of document.losses) {
    events.push({ ...point(loss), what: `${loss.count} records lost (${loss.why})` });
  }
  for (const mark of document.marks) events.push({ ...point(mark), what: `mark ${mark.text}` });
  for (const block of document.blocks.values()) {
    events.push({ ...point(block.allocated), what: `block ${block.label} allocated` });
    if (block.freed) events.push({ ...point(block.freed), what: `block ${block.label} freed` });
  }
  for (const each of document.compilations) {
    const atomics = each.atomics === 'none' ? '' : ', with atomic instructions';
    events.push({ ...point(each), what: `WebAssembly module compiled${atomics}` });
  }
  return events;
}

function interventionEvent(each: InterventionFacts): EntityEvent {
  const lasting = each.micros > 0 ? ` for ${formatDuration(each.micros)}` : '';
  return { ...point(each), what: `stress: ${each.action}${lasting}` };
}

export function point({ at, seq, thread, tick }: Point): Point {
  return { at, seq, thread, tick };
}

function inOrder(events: EntityEvent[]): readonly EntityEvent[] {
  return events.sort((a, b) => (a.seq > 0 && b.seq > 0 ? a.seq - b.seq : a.at - b.at));
}
