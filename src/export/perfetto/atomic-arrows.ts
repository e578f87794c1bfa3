import { atomicTime } from '../../analysis/atomic-point.ts';
import type { Ordering } from '../../analysis/ordering/ordering.ts';
import type { Edge } from '../../analysis/ordering/places.ts';
import type { Seq } from '../../shared/units.ts';
import { atomicName, cellLabel, type FoundAtomic, findAtomic } from '../atomic-words.ts';
import { CATEGORY, type Flow, type HappeningWriter } from './happenings.ts';

/** More arrows than these from one thread to another say nothing new: the latest are drawn. */
const MAX_ARROWS = 1000;

/**
 * The atomic operations between which something is ordered, and an arrow from each to the one that saw it. Of
 * several edges that say the same there is only the first; what nobody saw is not drawn.
 */
export function writeAtomicArrows(out: HappeningWriter, ordering: Ordering): void {
  const groups = new Map<string, Edge[]>();
  for (const { id } of out.document.threads.values()) {
    for (const column of ordering.atomicEdges.into(id)) {
      for (let i = Math.max(0, column.size - MAX_ARROWS); i < column.size; i++) {
        const edge = column.edgeAt(i);
        if (edge === undefined) continue;
        const key = `${edge.from.thread}.${edge.from.tick}`;
        const group = groups.get(key);
        if (group === undefined) groups.set(key, [edge]);
        else group.push(edge);
      }
    }
  }
  for (const edges of groups.values()) {
    const [first] = edges;
    const from = first && findAtomic(out.document, first.from, 'from');
    if (from === undefined) continue;
    const seen = edges
      .map(({ to }) => findAtomic(out.document, to, 'to'))
      .filter((to) => to !== undefined)
      .map((to) => ({ to, flow: out.flows.next() }));
    writeOperation(
      out,
      from,
      seen.map(({ flow }) => flow),
      [],
    );
    for (const { to, flow } of seen) writeOperation(out, to, [], [flow]);
  }
}

function writeOperation(
  out: HappeningWriter,
  { column, index }: FoundAtomic,
  flows: readonly Flow[],
  endingFlows: readonly Flow[],
): void {
  const { document } = out;
  const count = column.count(index);
  out.onThread({
    point: {
      at: atomicTime(document, column, index),
      seq: column.before(index) as Seq,
      thread: column.thread,
      tick: column.before(index),
    },
    name: atomicName(column, index),
    category: CATEGORY.atomic,
    args: {
      cell: cellLabel(document, column),
      read: column.read(index),
      written: column.written(index),
      count: count > 1 ? count : undefined,
    },
    flows,
    endingFlows,
  });
}
