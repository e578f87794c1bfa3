import { blockLabel } from '../../../analysis/labels.ts';
import type { BlockFacts, DocumentFacts, NodeFacts } from '../../../analysis/model.ts';
import { usesAfter } from '../../../analysis/order.ts';
import { DEFAULT_THRESHOLDS } from '../../../analysis/thresholds.ts';
import { Steps } from './heap-curve.ts';
import type { Owner } from './heap-owners.ts';
import { Owners } from './heap-owners.ts';
import type { HeapGroup, HeapQuery, HeapRow } from './heap-protocol.ts';
import {
  type BlockFindings,
  blockKey,
  memoryKeyOf,
  rankOf,
  usersOf,
  worse,
} from './known-blocks.ts';
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

interface Member {
  readonly block: BlockFacts;
  readonly users: readonly NodeFacts[];
  readonly worst: HeapRow['worst'];
}

interface Sum {
  readonly owner: Owner;
  readonly document: DocumentFacts;
  readonly offset: number;
  blocks: number;
  live: number;
  liveBytes: number;
  growth: number;
  worst: HeapRow['worst'];
  readonly members: Member[];
}

export interface Groups {
  readonly groups: readonly HeapGroup[];
  readonly omitted: number;
  readonly blocks: number;
}

/** Blocks by their owners, the worst of each first. `known` takes up what all of them together hold. */
export function buildHeapGroups(
  documents: readonly DocumentFacts[],
  offsetOf: (document: DocumentFacts) => number,
  query: HeapQuery,
  { findings, misuses }: { readonly findings: BlockFindings; readonly misuses: Misuses },
  known: Steps,
): Groups {
  const { memory, shown, text, from, to } = query;
  const sums = new Map<string, Sum>();
  let count = 0;
  for (const document of documents) {
    const owners = new Owners(document, query.by);
    const offset = offsetOf(document);
    const sumOf = (owner: Owner): Sum => {
      let sum = sums.get(owner.id);
      if (sum === undefined) {
        const none = { blocks: 0, live: 0, liveBytes: 0, growth: 0, worst: undefined };
        sum = { owner, document, offset, ...none, members: [] };
        sums.set(owner.id, sum);
      }
      return sum;
    };
    for (const block of document.blocks.values()) {
      if (memory !== undefined && memoryKeyOf(document, block) !== memory) continue;
      const { length, freed } = block;
      const born = block.allocated.at + offset;
      const end = freed?.at ?? document.goneAt;
      known.add(born, length);
      if (end !== undefined) known.add(end + offset, -length);
      if (shown !== 'all' && (end === undefined) !== (shown === 'live')) continue;
      const users = usersOf(document, block);
      const owner = owners.of(block, users);
      if (text !== '' && !matches(text, owner, block, users)) continue;
      const sum = sumOf(owner);
      const worst = findings.worstOf(blockKey(document, block), users);
      count++;
      sum.blocks++;
      sum.worst = worse(sum.worst, worst);
      sum.members.push({ block, users, worst });
      if (end === undefined) {
        sum.live++;
        sum.liveBytes += length;
      }
      if (born > from && born <= to) sum.growth += length;
      if (end !== undefined && end + offset > from && end + offset <= to) sum.growth -= length;
    }
    if (query.by === 'site' && shown !== 'freed' && memory === undefined) {
      addCountedSites(document, offset, owners, query, sumOf);
    }
  }
  const all = [...sums.values()].sort(comparing(query.sort));
  const few = all.slice(0, MOST_GROUPS);
  const each = Math.floor(ALL_STEPS / Math.max(1, few.length));
  const steps = Math.min(Math.max(each, CURVE_STEPS.least), CURVE_STEPS.most);
  return {
    groups: few.map((sum) => showGroup(sum, query, steps, misuses)),
    omitted: Math.max(0, all.length - MOST_GROUPS),
    blocks: count,
  };
}

/** Places that keep many blocks count them all, those that nobody asked for too. */
function addCountedSites(
  document: DocumentFacts,
  offset: number,
  owners: Owners,
  { text, from, to }: HeapQuery,
  sumOf: (owner: Owner) => Sum,
): void {
  for (const site of document.heapSites.values()) {
    const owner = owners.ofCounted(site);
    const last = site.counts.at(-1);
    if (owner === undefined || last === undefined) continue;
    if (text !== '' && !nameOf(owner).includes(text)) continue;
    const sum = sumOf(owner);
    const isGone = document.goneAt !== undefined;
    sum.blocks = Math.max(sum.blocks, last.made);
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

function showGroup(sum: Sum, query: HeapQuery, steps: number, misuses: Misuses): HeapGroup {
  const { owner, document, offset, members, blocks, live, liveBytes, growth, worst } = sum;
  const isToggled = query.toggled.includes(owner.id);
  const open = members.length <= OPEN_BLOCKS !== isToggled;
  const shown = open ? members.sort(compareMembers).slice(0, MOST_ROWS) : [];
  return {
    id: owner.id,
    label: owner.label,
    note: owner.note,
    target: owner.target,
    blocks,
    live,
    liveBytes,
    growth,
    curve: curveOf(sum, query, steps),
    worst,
    open,
    rows: shown.map((member) => showRow(document, offset, member, misuses)),
    rowsOmitted: open ? members.length - shown.length : 0,
  };
}

/** As a place counts its blocks, where it does. */
function curveOf(
  { owner, document, offset, members }: Sum,
  { from, to }: HeapQuery,
  count: number,
) {
  const steps = new Steps(from, to, count);
  const [, counted] = /^\d+\/hs([\d.]+)$/.exec(owner.id) ?? [];
  const site = counted === undefined ? undefined : document.heapSites.get(counted);
  if (site !== undefined) {
    let before = 0;
    for (const { at, bytes } of site.counts) {
      steps.add(at + offset, bytes - before);
      before = bytes;
    }
    if (document.goneAt !== undefined) steps.add(document.goneAt + offset, -before);
    return steps.values();
  }
  for (const { block } of members) {
    steps.add(block.allocated.at + offset, block.length);
    const end = block.freed?.at ?? document.goneAt;
    if (end !== undefined) steps.add(end + offset, -block.length);
  }
  return steps.values();
}

/** The worst first, then what was allocated last. */
function compareMembers(a: Member, b: Member): number {
  return rankOf(a.worst) - rankOf(b.worst) || b.block.allocated.at - a.block.allocated.at;
}

function showRow(
  document: DocumentFacts,
  offset: number,
  { block, users, worst }: Member,
  misuses: Misuses,
): HeapRow {
  const end = block.freed?.at ?? document.goneAt;
  const times = misuses.timesOf(block);
  const until = usedUntil(block, users, times);
  return {
    key: blockKey(document, block),
    row: users[0]?.key,
    label: blockLabel(block),
    address: addressOf(block),
    bytes: block.length,
    born: block.allocated.at + offset,
    freed: end === undefined ? undefined : end + offset,
    wentWithPage: block.freed === undefined && end !== undefined,
    usedUntil: until === undefined ? undefined : until + offset,
    misuses: times.map((at) => at + offset),
    worst,
  };
}

/** The last that is known to have used it after it was freed. */
function usedUntil(
  { freed, users: own }: BlockFacts,
  users: readonly NodeFacts[],
  misuses: readonly number[],
): number | undefined {
  if (freed === undefined) return undefined;
  let until = misuses.at(-1);
  for (const node of own.length > 0 ? users.slice(0, MOST_USERS) : []) {
    const uses = usesAfter(node, freed, DEFAULT_THRESHOLDS);
    if (uses !== undefined) until = Math.max(until ?? 0, uses.last.at);
  }
  return until;
}

export function addressOf({ offset }: BlockFacts): string {
  return `0x${offset.toString(16)}`;
}

function matches(
  text: string,
  owner: Owner,
  block: BlockFacts,
  users: readonly NodeFacts[],
): boolean {
  return (
    nameOf(owner).includes(text) ||
    blockLabel(block).toLowerCase().includes(text) ||
    addressOf(block).includes(text) ||
    users.some(({ processorName }) => processorName.toLowerCase().includes(text))
  );
}

function nameOf({ label, note }: Owner): string {
  return `${label} ${note}`.toLowerCase();
}
