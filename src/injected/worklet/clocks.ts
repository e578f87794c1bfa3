import { dateNow } from '../../base/intrinsics.ts';
import { DURATION_UNIT_MICROS } from '../../shared/slots.ts';
import { scope } from './scope.ts';

/** Thirty bits of a time are a small integer, which V8 makes no number object for. They last for 12 days. */
const MILLIS_MASK = 0x3fff_ffff;
/** When this scope began, in milliseconds since the Unix epoch. */
export const started: number = dateNow();
const start = started & MILLIS_MASK;
const now = scope.Temporal?.Now;
const instant = now?.instant;
/** Units of duration in a millisecond. */
export const UNITS_PER_MS = 1000 / DURATION_UNIT_MICROS;
const NANOS_PER_UNIT = BigInt(DURATION_UNIT_MICROS * 1000);
const startNanos = BigInt(started) * 1_000_000n;

/** Milliseconds since this scope began. About 50 ns a call, and the 12 bytes of the number that the engine gives. */
export function coarseMillis(): number {
  return (dateNow() & MILLIS_MASK) - start;
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
