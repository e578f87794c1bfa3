import type { DocumentFacts, EntityKey } from '../../../analysis/model.ts';
import { heapCountsOf } from './heap-memories.ts';
import type { HeapCurve } from './heap-protocol.ts';

const MOST_STEPS = 4096;

/** Sums what comes and goes into values at the ends of equal steps; each change costs the same, however many there are. */
export class Steps {
  readonly from: number;
  readonly stepMicros: number;
  readonly #changes: Float64Array<ArrayBuffer>;
  #before = 0;
  isEmpty = true;

  constructor(from: number, to: number, count: number) {
    const steps = Math.max(1, Math.min(Math.floor(count), MOST_STEPS));
    this.from = from;
    this.stepMicros = (to - from) / steps;
    this.#changes = new Float64Array(steps);
  }

  /** Something changes by so much at that time. */
  add(at: number, by: number): void {
    this.isEmpty = false;
    const step = Math.floor((at - this.from) / this.stepMicros);
    if (step < 0) this.#before += by;
    else if (step < this.#changes.length) this.#changes[step] = (this.#changes[step] ?? 0) + by;
  }

  /** The values at the ends of the steps. */
  values(): Float64Array<ArrayBuffer> {
    const values = new Float64Array(this.#changes.length);
    let value = this.#before;
    for (let i = 0; i < values.length; i++) {
      value += this.#changes[i] ?? 0;
      values[i] = value;
    }
    return values;
  }
}

/** What is counted of heaps, over time. `known` holds the blocks that are known one by one. */
export function buildHeapCurve(
  documents: readonly DocumentFacts[],
  offsetOf: (document: DocumentFacts) => number,
  known: Steps,
  memory: EntityKey | undefined,
): HeapCurve {
  const steps = known.values().length;
  const { from, stepMicros } = known;
  const to = from + steps * stepMicros;
  const counted = new Steps(from, to, steps);
  const resting = new Steps(from, to, steps);
  for (const document of documents) {
    const offset = offsetOf(document);
    for (const [key, series] of heapCountsOf(document)) {
      if (memory !== undefined && memory !== key) continue;
      for (const { counts } of series) addCounts(document, offset, counts, counted);
      // One quarantine serves all threads.
      const points = series
        .flatMap(({ counts }) => counts.filter(({ shadow }) => shadow > 0))
        .sort((a, b) => a.at - b.at);
      let before = 0;
      for (const { at, restingBytes } of points) {
        resting.add(at + offset, restingBytes - before);
        before = restingBytes;
      }
      if (document.goneAt !== undefined && before > 0) {
        resting.add(document.goneAt + offset, -before);
      }
    }
  }
  const none = new Float64Array(0);
  return {
    from,
    stepMicros,
    known: known.values(),
    counted: counted.isEmpty ? none : counted.values(),
    resting: resting.isEmpty ? none : resting.values(),
  };
}

function addCounts(
  { goneAt }: DocumentFacts,
  offset: number,
  counts: readonly {
    readonly at: number;
    readonly madeBytes: number;
    readonly freedBytes: number;
  }[],
  into: Steps,
): void {
  let before = 0;
  for (const { at, madeBytes, freedBytes } of counts) {
    into.add(at + offset, madeBytes - freedBytes - before);
    before = madeBytes - freedBytes;
  }
  if (goneAt !== undefined) into.add(goneAt + offset, -before);
}
