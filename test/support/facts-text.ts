import type {
  CallColumns,
  ChannelFacts,
  DataBlockFacts,
  DocumentFacts,
  EndFacts,
  MessageList,
  Point,
} from '../../src/analysis/model.ts';
import type { Session } from '../../src/analysis/session.ts';

/**
 * All facts of a session as one text, to compare two sessions by: entities by their keys, calls one
 * by one, and lists whose order says nothing sorted.
 */
export function factsText(session: Session): string {
  const { totals, documents } = session;
  const coverage = [...session.coverage].sort();
  return JSON.stringify(
    { totals, coverage, documents: documents.map((each) => plain(each)) },
    undefined,
    1,
  );
}

const REFERENCES: ReadonlySet<string> = new Set([
  'document',
  'context',
  'audioThread',
  'thread',
  'channel',
  'side',
  'worker',
]);

function plain(value: unknown, key = ''): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Map) {
    const entries = [...value].sort(([a], [b]) => Number(a) - Number(b) || (a < b ? -1 : 1));
    return entries.map(([, each]) => plain(each, 'entity'));
  }
  if (isCalls(value)) return callsText(value);
  if (REFERENCES.has(key)) return nameOf(value);
  if (isDocument(value)) return documentText(value);
  if (isMessages(value)) return sorted([...value].map((each) => plain(each, 'item')));
  if (key === 'clock') return undefined;
  if (Array.isArray(value)) {
    const items = value.map((each) => (key === 'nodes' ? nameOf(each) : plain(each, 'item')));
    return key === 'coverage' ? sorted(items) : items;
  }
  const out: { [field: string]: unknown } = {};
  for (const field of fieldsOf(value)) {
    const found = (value as { readonly [field: string]: unknown })[field];
    out[field] = plain(found, field);
  }
  return out;
}

/** Own fields and the getters of classes, in one fixed order. */
function fieldsOf(value: object): readonly string[] {
  const names = new Set(Object.keys(value));
  const prototype: object = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype) {
    for (const [name, { get }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (get !== undefined) names.add(name);
    }
  }
  return [...names].sort();
}

const UNORDERED: ReadonlySet<string> = new Set([
  'channels',
  'memories',
  'suspects',
  'edges',
  'atomics',
]);

function isDocument(value: object): value is DocumentFacts {
  return 'suspects' in value;
}

function documentText(document: DocumentFacts): unknown {
  const out: { [field: string]: unknown } = {};
  for (const [field, found] of Object.entries(document)) {
    if (!UNORDERED.has(field)) out[field] = plain(found, field);
  }
  const { channels, memories, suspects } = document;
  return {
    ...out,
    channels: sorted([...channels].map(channelText)),
    memories: sorted([...memories].map(memoryText)),
    suspects: sorted(suspects.map(({ key }) => key)),
    edges: edgesText(document),
    atomics: [...document.atomics.allColumns()]
      .map((column) => `${column.thread} ${column.cell} ${column.length}`)
      .sort(),
  };
}

function channelText(channel: ChannelFacts): unknown {
  const { key, kind, name, created, createStack, node, worker, messages } = channel;
  const ends = channel.sides.map((side) => side.ends.map(endText));
  return {
    key,
    kind,
    name,
    created,
    createStack,
    node: node?.key,
    worker: worker?.key,
    ends: kind === 'broadcast' ? sorted(ends) : ends,
    messages: sorted(
      [...messages].map(({ channel: _, side, ...message }) => ({
        ...message,
        from: kind === 'broadcast' ? channel.sides[side]?.ends[0]?.key : side,
        sent: message.sent && pointText(message.sent),
        received: message.received && pointText(message.received),
      })),
    ),
  };
}

function endText(end: EndFacts): unknown {
  const { key, listened, started, closed, closeEvent, collected, passed, sent, received } = end;
  return { key, listened, started, closed, closeEvent, collected, passed, sent, received };
}

function memoryText({ key, kind, bytes, locals, seen, stack, nodes }: DataBlockFacts): unknown {
  return { key, kind, bytes, locals, seen, stack, nodes: nodes.map((node) => node.key) };
}

function pointText({ at, seq, thread, tick }: Point): string {
  return `${at} ${seq} ${thread} ${tick}`;
}

/** Every edge, and up to which tick nothing is pending. */
function edgesText({ edges, threads }: DocumentFacts): readonly string[] {
  const out: string[] = [];
  for (const thread of threads.keys()) {
    for (const column of edges.into(thread)) {
      for (let i = 0; i < column.size; i++) out.push(JSON.stringify(column.edgeAt(i)));
    }
    out.push(`pending ${thread} ${edges.isPending(thread, Number.MAX_SAFE_INTEGER)}`);
  }
  return out.sort();
}

function isMessages(value: object): value is MessageList {
  return 'within' in value;
}

function isCalls(value: object): value is CallColumns {
  return 'firstEnteredAfter' in value;
}

function callsText(calls: CallColumns): readonly string[] {
  const out: string[] = [];
  for (let i = 0; i < calls.length; i++) out.push(Object.values(calls.at(i) ?? {}).join(' '));
  return out;
}

function nameOf(value: unknown): unknown {
  const { key, id, index } = value as { readonly [field: string]: unknown };
  return key ?? id ?? index;
}

function sorted(items: readonly unknown[]): readonly unknown[] {
  return items.map((each) => JSON.stringify(each)).sort();
}
