import type { SessionInput } from '../../analysis/session-input.ts';
import { assertUnreachable } from '../../base/assert.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { firstLook, perfettoUrl } from '../../export/open-in-perfetto.ts';
import { parseSessionFile } from '../../export/session-file.ts';
import { buildComparison } from './build-comparison.ts';
import { buildDetail } from './build-detail.ts';
import { buildGeometry } from './build-geometry.ts';
import { buildProbe } from './build-probe.ts';
import { buildSessionView } from './build-session-view.ts';
import { BlockIndexes } from './heap/block-index.ts';
import { buildHeap } from './heap/build-heap.ts';
import type { HeapQuery, HeapView } from './heap/heap-protocol.ts';
import type { FromWorker, Geometry, Question, ToWorker, View } from './protocol.ts';
import { Recording } from './recording.ts';

/** Milliseconds between two judgements while facts keep coming. */
const JUDGE_EVERY = 100;
/** At most this part of the worker's time goes into judging. */
const JUDGE_SHARE = 0.5;

export interface HostPorts {
  readonly send: (message: FromWorker, transfer: ArrayBuffer[]) => void;
  /** Milliseconds on any clock that only grows. */
  readonly now: () => number;
  readonly later: (run: () => void, ms: number) => void;
}

/**
 * Everything the worker does, without the worker: takes messages in, judges when something changed
 * (at most every 100 ms), sends what the panel shows.
 */
export class SessionHost {
  readonly #ports: HostPorts;
  #live = new Recording();
  #opened: Recording | undefined;
  #view: View | undefined;
  #scheduled = false;
  #nextJudgement = 0;
  #stale = false;
  readonly #indexes = new BlockIndexes();
  readonly #reported = new Set<string>();
  /** Documents to be forgotten when they go. */
  readonly #leaving = new Set<string>();

  constructor(ports: HostPorts) {
    this.#ports = ports;
  }

  get #shown(): Recording {
    return this.#opened ?? this.#live;
  }

  receive(message: ToWorker): void {
    switch (message.kind) {
      case 'ingest':
        for (const input of message.inputs) this.#ingest(input);
        this.#changed();
        return;
      case 'clear':
        if (message.leaving) for (const each of this.#live.documents) this.#leaving.add(each);
        this.#live = this.#live.cleared();
        this.#opened = undefined;
        this.#refresh();
        return;
      case 'close-file':
        this.#opened = undefined;
        this.#refresh();
        return;
      case 'look':
        this.#view = message.view;
        this.#sendGeometry();
        return;
      case 'hand-over':
        message.port.postMessage({ inputs: this.#shown.inputs });
        message.port.close();
        return;
      case 'ask':
        this.#ports.send(
          { kind: 'answer', id: message.id, answer: this.#answerSafely(message.question) },
          [],
        );
        return;
      default:
        assertUnreachable(message);
    }
  }

  #ingest(input: SessionInput): void {
    if (input.kind === 'gone' && this.#leaving.delete(input.document)) {
      this.#live = this.#live.without(input.document);
      return;
    }
    const fault = this.#live.ingest(input);
    if (fault === undefined || this.#reported.has(fault)) return;
    this.#reported.add(fault);
    this.#ports.send({ kind: 'fault', message: `A chunk could not be read: ${fault}` }, []);
  }

  /** A question is answered even when we fail, so that nobody waits for ever. */
  #answerSafely(question: Question): Result<unknown> {
    try {
      return this.#answer(question);
    } catch (error) {
      return err(error instanceof Error ? error.message : String(error));
    }
  }

  #answer(question: Question): Result<unknown> {
    switch (question.ask) {
      case 'settle':
        this.#refresh();
        return ok(undefined);
      case 'findings':
        return ok(this.#shown.findings());
      case 'perfetto-url': {
        const findings = this.#shown.findings();
        return ok(perfettoUrl(findings, firstLook(this.#shown.session, findings)));
      }
      case 'open':
        return this.#open(question.name, question.bytes);
      case 'probe':
        return ok(buildProbe(this.#shown.session, question.row, question.at, question.reach));
      case 'detail':
        return ok(
          buildDetail(this.#shown.session, question.entity, {
            found: () => this.#shown.findings(),
            indexes: this.#indexes,
          }),
        );
      case 'heap':
        return ok(this.#heap(question.query));
      case 'compare':
        return ok(buildComparison(this.#shown.session, question.first, question.second));
      default:
        return assertUnreachable(question);
    }
  }

  #heap(query: HeapQuery): HeapView {
    const { session, since } = this.#shown;
    return buildHeap(session, this.#shown.findings(), query, this.#indexes, since);
  }

  /** The session shown before stays when the file is bad. */
  #open(name: string, bytes: Uint8Array<ArrayBuffer>): Result<unknown> {
    const parsed = parseSessionFile(bytes);
    if (!parsed.ok) return parsed;
    const recording = new Recording(name);
    for (const input of parsed.value) {
      const fault = recording.ingest(input);
      if (fault !== undefined) return err(fault);
    }
    this.#opened = recording;
    this.#refresh();
    return ok({ name });
  }

  #changed(): void {
    this.#stale = true;
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#ports.later(
      () => {
        this.#scheduled = false;
        if (this.#stale) this.#refresh();
      },
      Math.max(0, this.#nextJudgement - this.#ports.now()),
    );
  }

  #refresh(): void {
    this.#stale = false;
    const began = this.#ports.now();
    this.#ports.send({ kind: 'session', session: buildSessionView(this.#shown) }, []);
    const took = this.#ports.now() - began;
    this.#nextJudgement = began + Math.max(JUDGE_EVERY, took / JUDGE_SHARE);
    this.#sendGeometry();
  }

  #sendGeometry(): void {
    if (this.#view === undefined) return;
    const geometry = buildGeometry(this.#shown.session, this.#view);
    this.#ports.send({ kind: 'geometry', geometry }, buffersOf(geometry));
  }
}

function buffersOf(geometry: Geometry): ArrayBuffer[] {
  const buffers: ArrayBuffer[] = [];
  for (const { calls, marks, gaps, waits } of geometry.rows) {
    buffers.push(marks.at.buffer, marks.kinds.buffer, gaps.buffer, waits.buffer);
    if (calls?.form === 'buckets') buffers.push(calls.counts.buffer, calls.worstMicros.buffer);
    if (calls?.form === 'single') {
      buffers.push(calls.at.buffer, calls.duration.buffer, calls.returned.buffer);
    }
  }
  return buffers;
}
