import type { DocumentFacts, Point } from '../../analysis/model.ts';
import type { TraceTime } from './trace-time.ts';
import type { Arg, TraceEvent, TraceWriter } from './trace-writer.ts';
import type { Tracks } from './tracks.ts';

export const CATEGORY = {
  page: 'page',
  worker: 'worker',
  context: 'context',
  state: 'state',
  module: 'module',
  node: 'node',
  message: 'message',
  memory: 'memory',
  atomic: 'atomic',
  stress: 'stress',
  gap: 'gap',
  finding: 'finding',
} as const;

export type Category = (typeof CATEGORY)[keyof typeof CATEGORY];

export interface Happening {
  readonly point: Point;
  readonly name: string;
  readonly category: Category;
  readonly args?: { readonly [name: string]: Arg | undefined };
  readonly stack?: string;
  readonly flows?: readonly Flow[];
  readonly endingFlows?: readonly Flow[];
  /** Not drawn before the beginning of these. */
  readonly after?: readonly Flow[];
}

/** An arrow from one event to a later one. */
export interface Flow {
  readonly id: number;
  /** Where it begins, in microseconds of the trace. */
  at: number;
}

/** The flows of one trace, numbered in the order of their making. */
export class Flows {
  #last = 0;

  next(): Flow {
    return { id: ++this.#last, at: 0 };
  }
}

/** Puts the events of one document onto its tracks. */
export class HappeningWriter {
  readonly tracks: Tracks;
  readonly flows: Flows;
  readonly document: DocumentFacts;
  readonly #out: TraceWriter;
  readonly #time: TraceTime;

  constructor(
    out: TraceWriter,
    tracks: Tracks,
    time: TraceTime,
    flows: Flows,
    document: DocumentFacts,
  ) {
    this.#out = out;
    this.tracks = tracks;
    this.#time = time;
    this.flows = flows;
    this.document = document;
  }

  /** In the time of the trace. */
  time(at: number): number {
    return this.#time.of(this.document, at);
  }

  onThread(happening: Happening): void {
    this.on(this.tracks.thread(this.document, happening.point.thread), happening);
  }

  /**
   * What a flow leads to is never drawn before what it leads from: that order is certain, while the
   * clocks of two threads may be a millisecond apart.
   */
  on(track: number, happening: Happening): void {
    const { point, flows = [], endingFlows = [], after = [], ...event } = happening;
    let at = this.time(point.at);
    for (const flow of endingFlows) at = Math.max(at, flow.at);
    for (const flow of after) at = Math.max(at, flow.at);
    for (const flow of flows) flow.at = at;
    // Numbers of a page that is not isolated count within their thread and would mislead.
    const seq = this.document.isolated && point.seq > 0 ? point.seq : undefined;
    this.#out.write({
      ...event,
      track,
      type: 'instant',
      at,
      args: { ...event.args, seq },
      flows: flows.map((flow) => flow.id),
      endingFlows: endingFlows.map((flow) => flow.id),
    });
  }

  /** `at` in the time of the trace. */
  instant(
    track: number,
    at: number,
    name: string,
    category: Category,
    args: NonNullable<TraceEvent['args']>,
  ): void {
    this.#out.write({ track, type: 'instant', at, name, category, args });
  }

  /** `from` and `to` in the time of the trace. */
  slice(
    track: number,
    from: number,
    to: number,
    name: string,
    category: Category,
    args: NonNullable<TraceEvent['args']>,
  ): void {
    this.#out.write({ track, type: 'begin', at: from, name, category, args });
    this.#out.write({ track, type: 'end', at: to });
  }
}

/** Nothing is not worth an argument. */
export function said(text: string): string | undefined {
  return text === '' ? undefined : text;
}
