import { expect, test } from 'vitest';

/** What a thread does to record one operation, or a row of them, as steps that others may come between. */
type Micro = 'bump' | 'before' | 'operate' | 'after';

const WRITE: readonly Micro[] = ['bump', 'operate', 'after'];
const READ: readonly Micro[] = ['before', 'operate', 'after'];
const WRITES: readonly Micro[] = ['bump', 'operate', 'after', 'operate', 'after'];
const LOADS: readonly Micro[] = ['before', 'operate', 'operate', 'after'];
/** Wrong: looks only once the operation is over. */
const LATE: readonly Micro[] = ['operate', 'before', 'after'];

interface Entry {
  readonly thread: number;
  readonly moments: readonly number[];
  readonly before: number;
  readonly after: number;
}

/** Runs one schedule: which thread steps at each moment. */
function run(
  threads: readonly (readonly (readonly Micro[])[])[],
  schedule: readonly number[],
): readonly Entry[] {
  let counter = 0;
  const at = threads.map(() => ({
    entry: 0,
    step: 0,
    moments: [] as number[],
    before: 0,
    after: 0,
  }));
  const out: Entry[] = [];
  schedule.forEach((thread, moment) => {
    const here = at[thread];
    const recorded = here && threads[thread]?.[here.entry];
    if (!here || !recorded) throw new Error('no such step');
    switch (recorded[here.step]) {
      case 'bump':
        here.before = ++counter * 2;
        break;
      case 'before':
        here.before = counter * 2 + 1;
        break;
      case 'operate':
        here.moments.push(moment);
        break;
      default:
        here.after = counter * 2 + 1;
    }
    if (++here.step < recorded.length) return;
    out.push({ thread, moments: here.moments, before: here.before, after: here.after });
    at[thread] = { entry: here.entry + 1, step: 0, moments: [], before: 0, after: 0 };
  });
  return out;
}

/** Every order in which threads of so many steps can take them. */
function* schedules(left: readonly number[]): Generator<readonly number[]> {
  if (left.every((steps) => steps === 0)) yield [];
  for (const [thread, steps] of left.entries()) {
    if (steps === 0) continue;
    const fewer = left.map((each, i) => (i === thread ? each - 1 : each));
    for (const rest of schedules(fewer)) yield [thread, ...rest];
  }
}

/** Over all schedules: the pairs that the places put in order, and how many of those were not in it. */
function judge(threads: readonly (readonly (readonly Micro[])[])[]): {
  readonly certain: number;
  readonly wrong: number;
} {
  let certain = 0;
  let wrong = 0;
  for (const schedule of schedules(threads.map((entries) => entries.flat().length))) {
    const entries = run(threads, schedule);
    for (const a of entries) {
      for (const b of entries) {
        if (a.thread === b.thread || a.after >= b.before) continue;
        certain++;
        if (Math.max(...a.moments) > Math.min(...b.moments)) wrong++;
      }
    }
  }
  return { certain, wrong };
}

const PROGRAMS: { readonly [name: string]: readonly (readonly (readonly Micro[])[])[] } = {
  'writes against reads': [
    [WRITE, WRITE],
    [READ, READ],
  ],
  'writes against writes': [
    [WRITE, WRITE],
    [WRITE, READ],
  ],
  'rows of writes against rows of loads': [
    [WRITES, WRITE],
    [LOADS, READ],
  ],
  'three threads': [[WRITE], [READ], [WRITE]],
};

for (const [name, threads] of Object.entries(PROGRAMS)) {
  test(`whatever the schedule, places that do not overlap tell the order: ${name}`, () => {
    const { certain, wrong } = judge(threads);
    expect(certain).toBeGreaterThan(0);
    expect(wrong).toBe(0);
  });
}

test('a place taken too late would lie, and be found out', () => {
  expect(judge([[WRITE, WRITE], [LATE]]).wrong).toBeGreaterThan(0);
});
