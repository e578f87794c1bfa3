import type { DocumentFacts } from '../../analysis/model.ts';

/** A document whose clock is further than this from the top document's is not believed. */
const MAX_APART_MICROS = 7 * 24 * 3600 * 1e6;
/** Later than any session and, in nanoseconds since 1970, still an `int64`. */
export const MAX_TRACE_MICROS = 2 ** 50;

/**
 * The one time line of a trace: whole microseconds since `start`, which is the earliest time origin
 * of its documents. Frames have time origins of their own; what a page claims about its own is
 * believed within a week of the top document's, else it is taken to be the top document's.
 */
export class TraceTime {
  /** Whole microseconds since the Unix epoch. */
  readonly start: number;
  /** Microseconds from `start` to the time origin of the top document, which findings count from. */
  readonly top: number;
  readonly #offsets = new Map<DocumentFacts, number>();

  constructor(documents: readonly DocumentFacts[]) {
    const top = topDocument(documents);
    const topOrigin = Math.round(top?.timeOrigin ?? 0);
    const origins = new Map<DocumentFacts, number>();
    for (const document of documents) {
      const origin = Math.round(document.timeOrigin);
      origins.set(document, Math.abs(origin - topOrigin) > MAX_APART_MICROS ? topOrigin : origin);
    }
    this.start = Math.min(topOrigin, ...origins.values());
    this.top = topOrigin - this.start;
    for (const [document, origin] of origins) this.#offsets.set(document, origin - this.start);
  }

  offset(document: DocumentFacts): number {
    return this.#offsets.get(document) ?? 0;
  }

  of(document: DocumentFacts, at: number): number {
    return clamp(this.offset(document) + at);
  }

  ofTop(at: number): number {
    return clamp(this.top + at);
  }
}

/** The document that the session began with: the first one of the main frame. */
export function topDocument(documents: readonly DocumentFacts[]): DocumentFacts | undefined {
  return documents.find((each) => each.parentFrameId < 0) ?? documents[0];
}

function clamp(micros: number): number {
  if (!(micros > 0)) return 0;
  return Math.floor(Math.min(micros, MAX_TRACE_MICROS));
}
