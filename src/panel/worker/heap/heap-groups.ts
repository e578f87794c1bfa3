import type { Finding, Severity } from '../../../analysis/finding.ts';
import { blockLabel } from '../../../analysis/labels.ts';
import type { BlockFacts, DocumentFacts, NodeFacts } from '../../../analysis/model.ts';
import { usesAfter } from '../../../analysis/order.ts';
import { DEFAULT_THRESHOLDS } from '../../../analysis/thresholds.ts';
import type { BlockIndex, BlockIndexes, Home } from './block-index.ts';
import { Steps } from './heap-curve.ts';
import { type Owner, Owners } from './heap-owners.ts';
import type { HeapGroup, HeapQuery, HeapRow } from './heap-protocol.ts';
import { blockKey, rankOf, worse, worstByRow } from './known-blocks.ts';
import type { Misuses } from './misuses.ts';

/** More owners, or blocks of one, than these are counted, not shown. */
const MOST_GROUPS = 400;
const MOST_ROWS = 200;
/** An owner of no more blocks than this is shown with them. */
const OPEN_BLOCKS = 8;
/** Nodes of one block that are asked for their last call. */
const MOST_USERS = 16;
/** Steps of all curves together, and of one. */
const ALL_STEPS = 40_000;
const CURVE_STEPS = { least: 64, most: 320 } as const;

interface Sum {
  readonly owner: Owner;
  readonly pass: Pass;
  blocks: number;
  live: number;
  liveBytes: number;
  growth: number;
  worst: Severity | undefined;
  /** Blocks that are known one by one. */
  known: number;
  /** Once it is to be shown. */
  curve: Steps | undefined;
  /** Rows of the index, once they are to be shown. */
  rows: number[] | undefined;
}

/** What the look at one document goes by. Times of the index are shifted by `offset`. */
interface Pass {
  readonly document: DocumentFacts;
  readonly index: BlockIndex;
  readonly offset: number;
  /** When the page went, in its own time. */
  readonly gone: number;
  readonly homes: readonly Home[];
  readonly worst: ReadonlyMap<number, Severity>;
}

/** The owner of a row, if it matches. */
type SumOf = (row: number) => Sum | undefined;

export interface Groups {
  readonly groups: readonly HeapGroup[];
  readonly omitted: number;
  readonly blocks: number;
}

export interface About {
  readonly found: readonly Finding[];
  readonly misuses: Misuses;
  readonly indexes: BlockIndexes;
  /** What ended before is not shown. */
  readonly since: number;
}

/** Blocks by their owners, the worst of each first. `known` takes up what all of them together hold. */
export function buildHeapGroups(
  documents: readonly DocumentFacts[],
  offsetOf: (document: DocumentFacts) => number,
  query: HeapQuery,
  about: About,
  known: Steps,
): Groups {
  const sums = new Map<string, Sum>();
  const passes = documents.map((document) => {
    const index = about.indexes.of(document);
    const gone = document.goneAt ?? Number.POSITIVE_INFINITY;
    const homes = index.homes();
    const worst = worstByRow(index, about.found);
    const pass: Pass = { document, index, offset: offsetOf(document), gone, homes, worst };
    const sumOf = finding(pass, query, sums);
    addAll(pass, query, about.since, sumOf, known);
    return { pass, sumOf };
  });
  const all = [...sums.values()].filter(({ blocks }) => blocks > 0).sort(comparing(query.sort));
  const few = all.slice(0, MOST_GROUPS);
  const each = Math.floor(ALL_STEPS / Math.max(1, few.length));
  const steps = Math.min(Math.max(each, CURVE_STEPS.least), CURVE_STEPS.most);
  for (const sum of few) {
    sum.curve = new Steps(query.from, query.to, steps);
    if (isOpen(sum, query)) sum.rows = [];
  }
  for (const { pass, sumOf } of passes) addShown(pass, query, about.since, sumOf);
  return {
    groups: few.map((sum) => showGroup(sum, query, about.misuses)),
    omitted: Math.max(0, all.length - MOST_GROUPS),
    blocks: all.reduce((count, sum) => count + sum.known, 0),
  };
}

function finding(pass: Pass, query: HeapQuery, sums: Map<string, Sum>): SumOf {
  const { document, homes, index } = pass;
  const owners = new Owners(document, query.by);
  const add = (owner: Owner): Sum => {
    let sum = sums.get(owner.id);
    if (sum === undefined) {
      const none = { blocks: 0, live: 0, liveBytes: 0, growth: 0, known: 0 };
      sum = { owner, pass, ...none, worst: undefined, curve: undefined, rows: undefined };
      sums.set(owner.id, sum);
    }
    return sum;
  };
  if (query.by === 'site' && query.shown !== 'freed' && query.memory === undefined) {
    addCountedSites(pass, owners, query, add);
  }
  // Rows with the same user and memory, or from the same site, have one owner.
  const bySlot: (Sum | undefined)[] = [];
  const isElsewhere = homes.map(({ key }) => query.memory !== undefined && key !== query.memory);
  return (row) => {
    const user = index.user[row] ?? -1;
    const home = index.home[row] ?? 0;
    if (isElsewhere[home] === true) return undefined;
    const slot =
      query.by === 'site' ? (index.site[row] ?? 0) : user < 0 ? home : homes.length + user;
    let sum = bySlot[slot];
    if (sum === undefined) {
      const block = index.blocks[row] as BlockFacts;
      sum = add(owners.of(block, usersOf(block, homes[home])));
      bySlot[slot] = sum;
    }
    if (query.text === '' || nameOf(sum.owner).includes(query.text)) return sum;
    return matches(query.text, index.blocks[row] as BlockFacts, homes[home]) ? sum : undefined;
  };
}

/** The nodes that use a block: those whose user data lies in it, or else the only one that has its memory. */
export function usersOf({ users }: BlockFacts, home: Home | undefined): readonly NodeFacts[] {
  return users.length > 0 ? users : (home?.nodes ?? []);
}

/** Whether a block with that end is among those that are shown. */
function isShown(end: number, { shown }: HeapQuery, since: number): boolean {
  if (end < since) return false;
  return shown === 'all' || (end === Number.POSITIVE_INFINITY) === (shown === 'live');
}

function addAll(
  { gone, homes, index, offset, worst }: Pass,
  query: HeapQuery,
  since: number,
  sumOf: SumOf,
  known: Steps,
): void {
  const { from, memory, to } = query;
  const { born, bytes, freed, home } = index;
  const isElsewhere = homes.map(({ key }) => memory !== undefined && key !== memory);
  for (let row = 0; row < index.blocks.length; row++) {
    if (isElsewhere[home[row] ?? 0] === true) continue;
    const begin = (born[row] ?? 0) + offset;
    const end = Math.min(freed[row] ?? 0, gone) + offset;
    const length = bytes[row] ?? 0;
    known.add(begin, length);
    if (end !== Number.POSITIVE_INFINITY) known.add(end, -length);
    const sum = isShown(end, query, since) ? sumOf(row) : undefined;
    if (sum === undefined) continue;
    sum.known++;
    // A place that counts its blocks has counted these.
    if (isCounted(sum, query)) continue;
    sum.blocks++;
    if (end === Number.POSITIVE_INFINITY) {
      sum.live++;
      sum.liveBytes += length;
    }
    if (begin > from && begin <= to) sum.growth += length;
    if (end > from && end <= to) sum.growth -= length;
  }
  for (const [row, severity] of worst) {
    const end = Math.min(freed[row] ?? 0, gone) + offset;
    const sum = isShown(end, query, since) ? sumOf(row) : undefined;
    if (sum !== undefined) sum.worst = worse(sum.worst, severity);
  }
}

/** The curves and rows of the owners that are shown. */
function addShown(
  { gone, index, offset }: Pass,
  query: HeapQuery,
  since: number,
  sumOf: SumOf,
): void {
  const { born, bytes, freed } = index;
  for (let row = 0; row < index.blocks.length; row++) {
    const end = Math.min(freed[row] ?? 0, gone) + offset;
    const sum = isShown(end, query, since) ? sumOf(row) : undefined;
    if (sum?.curve === undefined) continue;
    sum.rows?.push(row);
    if (isCounted(sum, query)) continue;
    const length = bytes[row] ?? 0;
    sum.curve.add((born[row] ?? 0) + offset, length);
    if (end !== Number.POSITIVE_INFINITY) sum.curve.add(end, -length);
  }
}

function isOpen({ known, owner }: Sum, { toggled }: HeapQuery): boolean {
  return known <= OPEN_BLOCKS !== toggled.includes(owner.id);
}

/** Whether it has the counts of a place, which are of all memories and say nothing of what was freed. */
function isCounted({ owner }: Sum, { memory, shown }: HeapQuery): boolean {
  return owner.counted !== undefined && shown !== 'freed' && memory === undefined;
}

/** Places that keep many blocks count them all, those that nobody asked for too. */
function addCountedSites(
  { document, offset }: Pass,
  owners: Owners,
  { text, from, to }: HeapQuery,
  add: (owner: Owner) => Sum,
): void {
  for (const site of document.heapSites.values()) {
    const owner = owners.ofCounted(site);
    const last = site.counts.at(-1);
    if (owner === undefined || last === undefined) continue;
    if (text !== '' && !nameOf(owner).includes(text)) continue;
    const sum = add(owner);
    const isGone = document.goneAt !== undefined;
    sum.blocks = last.made;
    sum.live = isGone ? 0 : last.live;
    sum.liveBytes = isGone ? 0 : last.bytes;
    const before = site.counts.findLast(({ at }) => at + offset <= from);
    const until = site.counts.findLast(({ at }) => at + offset <= to);
    sum.growth = (until?.bytes ?? 0) - (before?.bytes ?? 0);
  }
}

function comparing(sort: HeapQuery['sort']): (a: Sum, b: Sum) => number {
  const byLive = (a: Sum, b: Sum): number => b.liveBytes - a.liveBytes || b.blocks - a.blocks;
  switch (sort) {
    case 'worst':
      return (a, b) => rankOf(a.worst) - rankOf(b.worst) || byLive(a, b);
    case 'live':
      return byLive;
    case 'blocks':
      return (a, b) => b.blocks - a.blocks || byLive(a, b);
    case 'growth':
      return (a, b) => b.growth - a.growth || byLive(a, b);
  }
}

/** Of its blocks the worst come first, then what was allocated last. */
function showGroup(sum: Sum, query: HeapQuery, misuses: Misuses): HeapGroup {
  const { owner, pass, blocks, known, live, liveBytes, growth, worst, rows = [] } = sum;
  const { born } = pass.index;
  const shown = rows
    .map((row) => ({ row, worst: pass.worst.get(row), at: born[row] ?? 0 }))
    .sort((a, b) => rankOf(a.worst) - rankOf(b.worst) || b.at - a.at)
    .slice(0, MOST_ROWS);
  return {
    id: owner.id,
    label: owner.label,
    note: owner.note,
    target: owner.target,
    blocks,
    live,
    liveBytes,
    growth,
    curve: curveOf(sum, query),
    worst,
    open: isOpen(sum, query),
    rows: shown.map((each) => showRow(pass, each.row, misuses)),
    rowsOmitted: sum.rows === undefined ? 0 : known - shown.length,
  };
}

/** As a place counts its blocks, where it does. */
function curveOf(sum: Sum, query: HeapQuery): Float64Array<ArrayBuffer> {
  const { curve, owner, pass } = sum;
  if (curve === undefined) return new Float64Array(0);
  if (!isCounted(sum, query)) return curve.values();
  let before = 0;
  for (const { at, bytes } of owner.counted?.counts ?? []) {
    curve.add(at + pass.offset, bytes - before);
    before = bytes;
  }
  const { goneAt } = pass.document;
  if (goneAt !== undefined) curve.add(goneAt + pass.offset, -before);
  return curve.values();
}

function showRow(
  { document, homes, index, offset, worst }: Pass,
  row: number,
  misuses: Misuses,
): HeapRow {
  const block = index.blocks[row] as BlockFacts;
  const end = block.freed?.at ?? document.goneAt;
  const times = misuses.timesOf(block);
  const until = usedUntil(block, times);
  return {
    key: blockKey(document, block),
    row: usersOf(block, homes[index.home[row] ?? 0])[0]?.key,
    label: blockLabel(block),
    address: addressOf(block),
    bytes: block.length,
    born: block.allocated.at + offset,
    freed: end === undefined ? undefined : end + offset,
    wentWithPage: block.freed === undefined && end !== undefined,
    usedUntil: until === undefined ? undefined : until + offset,
    misuses: times.map((at) => at + offset),
    worst: worst.get(row),
  };
}

/** The last that is known to have used it after it was freed. */
function usedUntil({ freed, users }: BlockFacts, misuses: readonly number[]): number | undefined {
  if (freed === undefined) return undefined;
  let until = misuses.at(-1);
  for (const node of users.slice(0, MOST_USERS)) {
    const uses = usesAfter(node, freed, DEFAULT_THRESHOLDS);
    if (uses !== undefined) until = Math.max(until ?? 0, uses.last.at);
  }
  return until;
}

function addressOf({ offset }: BlockFacts): string {
  return `0x${offset.toString(16)}`;
}

function matches(text: string, block: BlockFacts, home: Home | undefined): boolean {
  return (
    blockLabel(block).toLowerCase().includes(text) ||
    addressOf(block).includes(text) ||
    usersOf(block, home).some(({ processorName }) => processorName.toLowerCase().includes(text))
  );
}

function nameOf({ label, note }: Owner): string {
  return `${label} ${note}`.toLowerCase();
}
