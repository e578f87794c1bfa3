import type {
  ContextFacts,
  DestroySignal,
  DocumentFacts,
  MessageFacts,
  NodeFacts,
  Point,
} from '../../analysis/model.ts';

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

export function nodeEvents(node: NodeFacts): readonly EntityEvent[] {
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
  for (const message of node.messages) events.push(...messageEvents(message));
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
  return inOrder(events);
}

function messageEvents(message: MessageFacts): readonly EntityEvent[] {
  const way = message.from === 'node' ? 'page → processor' : 'processor → page';
  const text = message.preview === '' ? '' : ` ${message.preview}`;
  const events: EntityEvent[] = [];
  if (message.sent !== undefined) {
    events.push({ ...point(message.sent), what: `message sent ${way}:${text}` });
  }
  if (message.received !== undefined) {
    events.push({
      ...point(message.received),
      what: message.failed
        ? `message failed ${way} (messageerror)`
        : `message handled ${way}:${text}`,
    });
  }
  return events;
}

export function contextEvents(context: ContextFacts): readonly EntityEvent[] {
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
  if (context.collected !== undefined) {
    events.push({ ...point(context.collected), what: 'context object garbage-collected' });
  }
  return inOrder(events);
}

export function documentEvents(document: DocumentFacts): readonly EntityEvent[] {
  const events: EntityEvent[] = document.pageEvents.map((each) => ({
    ...point(each),
    what: `page ${each.event}`,
  }));
  for (const loss of document.losses) {
    events.push({ ...point(loss), what: `${loss.count} records lost (${loss.why})` });
  }
  for (const mark of document.marks) events.push({ ...point(mark), what: `mark ${mark.text}` });
  return inOrder(events);
}

function point({ at, seq, thread, tick }: Point): Point {
  return { at, seq, thread, tick };
}

function inOrder(events: EntityEvent[]): readonly EntityEvent[] {
  return events.sort((a, b) => (a.seq > 0 && b.seq > 0 ? a.seq - b.seq : a.at - b.at));
}
