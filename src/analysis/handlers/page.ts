import * as LIMITS from '../../shared/limits.ts';
import type { FieldsOf, HeapAllocator } from '../../shared/records.ts';
import type { MemoryId } from '../../shared/units.ts';
import type { DocumentState } from '../document-state.ts';
import type { BlockFacts, Point } from '../model.ts';
import { insertByTime } from '../point.ts';

export function blockAllocated(
  document: DocumentState,
  fields: FieldsOf<'blockAllocated'>,
  point: Point,
): boolean {
  return addBlock(document, fields, point);
}

function addBlock(
  document: DocumentState,
  { block, memory, offset, length, label, stack }: FieldsOf<'blockAllocated'>,
  point: Point,
): boolean {
  const { blocks } = document.facts;
  if (block === 0 || blocks.has(block)) return false;
  if (!document.hasRoom(blocks.size, LIMITS.eventsPerDocument, 'blocks')) return false;
  const facts = { id: block, memory, offset, length, label, allocateStack: stack };
  const rest = { freed: undefined, users: [], carriers: [], fetch: undefined };
  const made: BlockFacts = { ...facts, allocated: point, ...rest };
  blocks.set(block, made);
  document.strayFrees.allocated(made);
  return true;
}

export function heapAllocated(
  document: DocumentState,
  { by, ...fields }: FieldsOf<'heapAllocated'>,
  point: Point,
): boolean {
  return addBlock(document, { ...fields, label: ALLOCATOR_WORDS[by] }, point);
}

const ALLOCATOR_WORDS: { readonly [by in HeapAllocator]: string } = {
  malloc: 'malloc',
  calloc: 'calloc',
  memalign: 'memalign',
  posixMemalign: 'posix_memalign',
  realloc: 'realloc',
};

export function heapFound(
  document: DocumentState,
  fields: FieldsOf<'heapFound'>,
  point: Point,
): boolean {
  return addBlock(document, { ...fields, length: 0, label: 'heap block', stack: '' }, point);
}

export function heapFreed(
  document: DocumentState,
  { memory, offset, stack }: FieldsOf<'heapFreed'>,
  point: Point,
): boolean {
  const place = { memory: memory as MemoryId, offset, stack };
  document.strayFrees.freed({ ...point, ...place, isDeclared: false });
  return true;
}

export function heapMisfreed(
  document: DocumentState,
  { block, memory, ...fields }: FieldsOf<'heapMisfreed'>,
  { at, seq, thread, tick }: Point,
): boolean {
  const place = { at, seq, thread, tick, memory: memory as MemoryId };
  const { what, offset, stack } = fields;
  const freed = document.facts.blocks.get(block);
  document.strayFrees.misfreed({ ...place, what, offset, stack, block: freed, isDeclared: false });
  return true;
}

export function fetchEnded(
  document: DocumentState,
  { block, id, status, bytes, url }: FieldsOf<'fetchEnded'>,
  ended: Point,
): boolean {
  const handle = document.facts.blocks.get(block);
  if (handle === undefined || handle.fetch !== undefined) return false;
  handle.fetch = { ended, id, status, bytes, url, refused: [] };
  return true;
}

export function fetchRefused(
  document: DocumentState,
  { block, stack }: FieldsOf<'fetchRefused'>,
  point: Point,
): boolean {
  const fetch = document.facts.blocks.get(block)?.fetch;
  if (fetch === undefined || fetch.refused.length >= LIMITS.eventsPerNode) return false;
  insertByTime(fetch.refused, { ...point, stack });
  return true;
}

export function heapSite(
  document: DocumentState,
  { site, stack, live, bytes, made }: FieldsOf<'heapSite'>,
  point: Point,
): boolean {
  const { heapSites } = document.facts;
  const key = `${point.thread}.${site}`;
  const known = heapSites.get(key) ?? { thread: point.thread, site, stack, counts: [] };
  if (known.counts.length >= LIMITS.eventsPerContext) return false;
  if (!document.hasRoom(heapSites.size, LIMITS.eventsPerDocument, 'sites of allocation'))
    return false;
  heapSites.set(key, known);
  insertByTime(known.counts, { ...point, live, bytes, made });
  return true;
}

export function heapState(
  document: DocumentState,
  { memory, bytes, made, madeBytes, freed, freedBytes, ...held }: FieldsOf<'heapState'>,
  point: Point,
): boolean {
  const { heapCounts } = document.facts;
  const key = `${point.thread}.${memory}`;
  const known = heapCounts.get(key) ?? {
    thread: point.thread,
    memory: memory as MemoryId,
    counts: [],
  };
  if (known.counts.length >= LIMITS.eventsPerContext) return false;
  if (!heapCounts.has(key) && !document.hasRoom(heapCounts.size, LIMITS.threads, 'heaps')) {
    return false;
  }
  heapCounts.set(key, known);
  const { resting, restingBytes, restingMost, shadow } = held;
  const counted = { bytes, made, madeBytes, freed, freedBytes };
  insertByTime(known.counts, {
    ...point,
    ...counted,
    resting,
    restingBytes,
    restingMost,
    shadow,
  });
  return true;
}

export function userDataIn(
  document: DocumentState,
  { node, block }: FieldsOf<'userDataIn'>,
): boolean {
  const user = document.facts.nodes.get(node);
  const known = document.facts.blocks.get(block);
  if (user === undefined || known === undefined) return false;
  const { users } = known;
  if (users.includes(user) || users.length >= LIMITS.eventsPerNode) return true;
  users.push(user);
  document.strayFrees.changes.push(known);
  return true;
}

/** `block` 0: it was allocated by another thread, or never handed out. */
export function blockFreed(
  document: DocumentState,
  { block, memory, offset, stack }: FieldsOf<'blockFreed'>,
  point: Point,
): boolean {
  const free = { ...point, memory: memory as MemoryId, offset, stack, isDeclared: true };
  if (block === 0) {
    document.strayFrees.freed(free);
    return true;
  }
  const known = document.facts.blocks.get(block);
  if (known === undefined) return false;
  document.strayFrees.ended(known, free);
  return true;
}

export function mark(document: DocumentState, { text }: FieldsOf<'mark'>, point: Point): boolean {
  const { marks } = document.facts;
  if (!document.hasRoom(marks.length, LIMITS.eventsPerDocument, 'marks')) return false;
  insertByTime(marks, { ...point, text });
  return true;
}

export function lost(
  document: DocumentState,
  { thread, count, why }: FieldsOf<'lost'>,
  point: Point,
): boolean {
  if (thread >= LIMITS.threads) return false;
  document.lost += count;
  const { losses } = document.facts;
  if (!document.hasRoom(losses.length, LIMITS.eventsPerDocument, 'losses')) return false;
  insertByTime(losses, { ...point, lostThread: thread, count, why });
  return true;
}

export function page(document: DocumentState, { event }: FieldsOf<'page'>, point: Point): boolean {
  const { pageEvents } = document.facts;
  if (!document.hasRoom(pageEvents.length, LIMITS.eventsPerDocument, 'page events')) return false;
  insertByTime(pageEvents, { ...point, event });
  return true;
}
