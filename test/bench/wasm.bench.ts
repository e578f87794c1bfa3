import { expect, test } from 'vitest';
import type { CheckOptions } from '../../src/wasm/instrument.ts';
import { bundle } from '../support/bundle.ts';
import { printFigure } from '../support/figure.ts';
import { FROM } from '../support/wasm-differential.ts';
import { modulesToMeasure } from '../support/wasm-modules.ts';

const RUNS = 5;
const MAX_MS_PER_MB = 150;
/** In smaller modules it is the beginning that takes the time. */
const LEAST_TIMED_BYTES = 500_000;
const MAX_RATIO = { one: 2.2, two: 3 } as const;
const MEGABYTE = 1e6;

const checks = (bodies: 'one' | 'two'): CheckOptions => ({
  accesses: 'all',
  precision: 'accumulated',
  bodies,
  shared: true,
});

/** As one module, for the test runner's own way of importing costs more than all else here. */
const { findAllocator, instrument, readModule } = (await import(
  (
    await bundle('test/support/wasm-entry.ts')
  ).href
)) as typeof import('../support/wasm-entry.ts');

/** The least processor time of some runs, in milliseconds: other work on the machine disturbs that least. */
function leastMs(work: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run++) {
    const begin = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(begin);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

test.each(modulesToMeasure())(
  '$name is instrumented fast, and does not grow too much',
  ({ name, bytes }) => {
    const ratios = { one: 0, two: 0 };
    let slowest = 0;
    for (const bodies of ['one', 'two'] as const) {
      const made = instrument(bytes, { from: FROM, checks: checks(bodies), atomics: true });
      if (!made.ok) throw new Error(made.error.reason);
      const ms = leastMs(() => instrument(bytes, { from: FROM, checks: checks(bodies) }));
      const msPerMb = (ms * MEGABYTE) / bytes.length;
      const ratio = made.value.bytes.length / bytes.length;
      const what = `${name}, ${(bytes.length / MEGABYTE).toFixed(1)} MB, ${bodies === 'one' ? 'one body' : 'two bodies'} a function`;
      printFigure({
        figure: `rewriting of ${what}`,
        value: Math.round(msPerMb),
        unit: 'ms/MB',
        bar: `value <= ${MAX_MS_PER_MB}`,
      });
      printFigure({
        figure: `size of ${what}`,
        value: made.value.bytes.length,
        unit: 'bytes',
        baseline: bytes.length,
        ratio,
        bar: `ratio <= ${MAX_RATIO[bodies]}`,
      });
      ratios[bodies] = ratio;
      if (bytes.length >= LEAST_TIMED_BYTES) slowest = Math.max(slowest, msPerMb);
    }
    expect(ratios.one).toBeLessThanOrEqual(MAX_RATIO.one);
    expect(ratios.two).toBeLessThanOrEqual(MAX_RATIO.two);
    expect(slowest).toBeLessThanOrEqual(MAX_MS_PER_MB);
  },
);

test.each(modulesToMeasure())('the allocator of $name is found fast', ({ name, bytes }) => {
  const read = readModule(bytes);
  if (!read.ok) throw new Error(read.error.reason);
  const ms = leastMs(() => findAllocator(read.value));
  const found = findAllocator(read.value);
  if (!found.ok) throw new Error(found.error.reason);
  const { kind, functions } = found.value;
  const told = Array.from({ length: functions.length }, (_, i) => functions.at(i));
  const roles = told.map(({ role, how, sure }) => `${role} by ${how}, ${sure}`).join('; ');
  printFigure({
    figure: `finding the allocator of ${name}: ${kind ?? 'of no known kind'} (${roles})`,
    value: Math.round((ms * MEGABYTE) / read.value.length),
    unit: 'ms/MB',
  });
});
