import { dateNow } from '../../base/intrinsics.ts';
import { DURATION_UNIT_MICROS } from '../../shared/slots.ts';
import { scope } from './scope.ts';

const start = dateNow();
const now = scope.Temporal?.Now;
const instant = now?.instant;
/** Units of duration in a millisecond. */
export const UNITS_PER_MS = 1000 / DURATION_UNIT_MICROS;
const NANOS_PER_UNIT = BigInt(DURATION_UNIT_MICROS * 1000);
const startNanos = BigInt(start) * 1_000_000n;

/** Milliseconds since this scope began: a small integer, which costs no memory. About 50 ns a call. */
export function coarseMillis(): number {
  return (dateNow() - start) | 0;
}

/**
 * Units of `DURATION_UNIT_MICROS` since this scope began, in the finest steps that it offers (5 µs where the
 * page is isolated). Allocates, about a microsecond a call: only where it was asked for.
 */
export const fineUnits: () => number =
  now && instant
    ? () => Number((instant().epochNanoseconds - startNanos) / NANOS_PER_UNIT)
    : () => coarseMillis() * UNITS_PER_MS;

/** Microseconds since this scope began, in the finest steps that it offers: for what happens rarely. */
export function microsOfClock(): number {
  return fineUnits() * DURATION_UNIT_MICROS;
}

/** By how much what lay between two readings may be longer or shorter: 1 ms, 0.1 ms or less, as these show. */
export function stepOfClock(from: number, to: number): number {
  const isIn = (step: number): boolean => from % step === 0 && to % step === 0;
  return isIn(1000) ? 1000 : isIn(100) ? 100 : DURATION_UNIT_MICROS;
}
