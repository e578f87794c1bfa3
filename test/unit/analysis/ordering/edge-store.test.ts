import { expect, test } from 'vitest';
import { EdgeStore } from '../../../../src/analysis/ordering/edge-store.ts';
import type { Place } from '../../../../src/analysis/ordering/places.ts';
import type { ThreadId } from '../../../../src/shared/units.ts';
import { Seeded } from '../../../support/seeded.ts';
import { seeds } from '../../../support/seeds.ts';

function at(thread: number, tick: number): Place {
  return { thread: thread as ThreadId, tick };
}

/** `release→acquire` of all that is kept from thread 1 into thread 0. */
function steps(edges: EdgeStore): readonly string[] {
  const [column] = edges.into(0 as ThreadId);
  const out: string[] = [];
  for (let i = 0; column !== undefined && i < column.size; i++) {
    const edge = column.edgeAt(i);
    out.push(`${edge?.from.tick}→${edge?.to.tick}`);
  }
  return out;
}

test('keeps no edge that another says as early and as much', () => {
  const edges = new EdgeStore();
  edges.add('message', at(1, 10), at(0, 20));
  edges.add('message', at(1, 8), at(0, 22));
  edges.add('message', at(1, 12), at(0, 30));
  edges.add('message', at(1, 14), at(0, 30));
  edges.add('message', at(1, 14), at(0, 32));
  expect(steps(edges)).toEqual(['10→20', '14→30']);
});

test('does not care in which order edges are told', () => {
  for (const seed of seeds(100)) {
    const random = new Seeded(seed);
    const told = Array.from({ length: 40 }, () => [random.below(60), random.below(60)] as const);
    const inOrder = new EdgeStore();
    for (const [from, to] of told.toSorted((a, b) => a[1] - b[1])) {
      inOrder.add('message', at(1, from), at(0, to));
    }
    const anyhow = new EdgeStore();
    for (const [from, to] of told) {
      anyhow.add('message', at(1, from), at(0, to));
      if (random.chance(0.2)) expect(anyhow.size).toBeGreaterThan(0);
    }
    expect(steps(anyhow), `seed ${seed}`).toEqual(steps(inOrder));
    const [column] = anyhow.into(0 as ThreadId);
    for (let tick = -1; tick <= 60; tick++) {
      const known = told.filter(([, to]) => to <= tick).map(([from]) => from);
      const index = column?.latest(tick) ?? -1;
      const most = index < 0 ? undefined : column?.releaseAt(index);
      const wanted = known.length > 0 ? Math.max(...known) : undefined;
      if (most !== wanted) expect(most, `seed ${seed}`).toBe(wanted);
    }
  }
});

test('an acquire is pending until its other side is known, once for each', () => {
  const edges = new EdgeStore();
  edges.pend(at(0, 10));
  edges.pend(at(0, 10));
  edges.pend(at(0, 4));
  const pending = (tick: number) => edges.isPending(0 as ThreadId, tick);
  expect([pending(3), pending(4)]).toEqual([false, true]);
  edges.resolve(at(0, 4));
  expect([pending(9), pending(10)]).toEqual([false, true]);
  edges.resolve(at(0, 10));
  expect(pending(10)).toBe(true);
  edges.resolve(at(0, 10));
  expect(pending(99)).toBe(false);
});

test('forgets what was acquired from a tick on', () => {
  const edges = new EdgeStore();
  edges.add('message', at(1, 10), at(0, 20));
  edges.add('message', at(1, 12), at(0, 22));
  edges.addChoice('message', [at(1, 1), at(2, 1)], at(0, 22));
  edges.pend(at(0, 24));
  edges.truncate(0 as ThreadId, 22);
  expect(steps(edges)).toEqual(['10→20']);
  expect(edges.choices(0 as ThreadId, 99)).toEqual([]);
  expect(edges.isPending(0 as ThreadId, 99)).toBe(false);
});
