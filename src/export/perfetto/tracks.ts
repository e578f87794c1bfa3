import type { Finding, Severity } from '../../analysis/finding.ts';
import { contextLabel, nodeLabel, workerLabel } from '../../analysis/labels.ts';
import type { ContextFacts, DocumentFacts, NodeFacts, ThreadFacts } from '../../analysis/model.ts';
import { MAIN_THREAD, type ThreadId } from '../../shared/units.ts';
import {
  CHILD_ORDERING,
  COUNTER,
  COUNTER_UNIT,
  PROCESS,
  SIBLING_MERGE,
  THREAD,
  TRACK,
} from './fields.ts';
import { laneInterventions } from './interventions.ts';
import type { ProtoWriter } from './proto-writer.ts';
import type { TraceTime } from './trace-time.ts';
import type { TraceWriter } from './trace-writer.ts';

export const FINDINGS_GROUP = 'Findings';
/** The group of a document's contexts: children of a process would be sorted among its threads. */
export const CONTEXTS_GROUP = 'Web Audio';
export const STRESS_TRACK = 'Stress teardown';
export const STATE_TRACK = 'state';
export const LIVE_NODES_TRACK = 'live nodes';
export const CALL_RATE_TRACK = 'process() calls per second';

/** Above every process id of a real machine, so that a Chrome trace may lie beside. */
const FIRST_PID = 5_000_000;
/** A document's process id, and its main thread's; its other threads follow. */
const PIDS_PER_DOCUMENT = 1000;
const NS_PER_MICRO = 1000n;

const SEVERITY_ORDER: readonly Severity[] = ['error', 'warning', 'info'];

interface TrackSpec {
  readonly name: string;
  readonly parent?: number;
  /** Place among its siblings; their parent must be `ordered`. */
  readonly rank?: number;
  readonly ordered?: boolean;
  readonly description?: string;
  readonly unit?: string;
}

/**
 * The tracks of a trace, top to bottom as the Perfetto UI shows them:
 *
 *   Findings                       a track a rule that fired, worst first
 *   <URL> <pid>                    one process a document
 *     Main thread
 *     Rendering thread of AudioContext #1
 *     Worker mixer #1
 *     Web Audio
 *       Stress teardown            where it intervened
 *       AudioContext #1
 *         state · live nodes · process() calls per second
 *         gain-processor #1        a track a node, in order of creation
 */
export class Tracks {
  readonly #out: TraceWriter;
  readonly #rules = new Map<string, number>();
  readonly #threads = new Map<DocumentFacts, Map<ThreadId, number>>();
  readonly #contexts = new Map<ContextFacts, ContextTracks>();
  readonly #nodes = new Map<NodeFacts, number>();
  readonly #stress = new Map<DocumentFacts, readonly number[]>();
  #last = 0;

  constructor(
    out: TraceWriter,
    documents: readonly DocumentFacts[],
    findings: readonly Finding[],
    time: TraceTime,
  ) {
    this.#out = out;
    this.#declareFindings(findings);
    for (const document of documents) this.#declareDocument(document, time);
  }

  rule(rule: string): number {
    return this.#rules.get(rule) ?? 0;
  }

  main(document: DocumentFacts): number {
    return this.thread(document, MAIN_THREAD);
  }

  /** Threads nobody introduced are drawn on the main thread. */
  thread(document: DocumentFacts, thread: ThreadId): number {
    const threads = this.#threads.get(document);
    return threads?.get(thread) ?? threads?.get(MAIN_THREAD) ?? 0;
  }

  context(context: ContextFacts): ContextTracks {
    return this.#contexts.get(context) ?? { state: 0, liveNodes: 0, callRate: 0 };
  }

  stress(document: DocumentFacts, lane: number): number {
    return this.#stress.get(document)?.[lane] ?? this.main(document);
  }

  node(node: NodeFacts): number {
    return this.#nodes.get(node) ?? 0;
  }

  #declareFindings(findings: readonly Finding[]): void {
    if (findings.length === 0) return;
    const group = this.#declare({
      name: FINDINGS_GROUP,
      ordered: true,
      description: 'What Worklet Lifeline found, a track a rule. Select an instant to read it.',
    });
    const worst = new Map<string, number>();
    for (const { rule, severity } of findings) {
      const order = SEVERITY_ORDER.indexOf(severity);
      worst.set(rule, Math.min(worst.get(rule) ?? order, order));
    }
    const rules = [...worst].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1));
    for (const [rank, [rule, order]] of rules.entries()) {
      const description = `${SEVERITY_ORDER[order]}: rule ${rule}`;
      this.#rules.set(rule, this.#declare({ name: rule, parent: group, rank, description }));
    }
  }

  #declareDocument(document: DocumentFacts, time: TraceTime): void {
    const pid = FIRST_PID + document.index * PIDS_PER_DOCUMENT;
    const process = ++this.#last;
    this.#out.track((out) => {
      out.uint(TRACK.uuid, process);
      out.begin(TRACK.process);
      out.uint(PROCESS.pid, pid);
      out.text(PROCESS.processName, processName(document));
      const start = BigInt(time.start + time.offset(document)) * NS_PER_MICRO;
      out.big(PROCESS.startTimestampNs, start);
      out.end();
    });
    const threads = new Map<ThreadId, number>();
    this.#threads.set(document, threads);
    threads.set(MAIN_THREAD, this.#declareThread(pid, pid, 'Main thread'));
    for (const thread of document.threads.values()) {
      if (thread.id === MAIN_THREAD) continue;
      threads.set(thread.id, this.#declareThread(pid, pid + thread.id, threadName(thread)));
    }
    if (document.contexts.size === 0) return;
    const group = this.#declare({ name: CONTEXTS_GROUP, parent: process, ordered: true });
    let rank = 0;
    const lanes = laneInterventions(document.interventions).map(() =>
      this.#declare({ name: STRESS_TRACK, parent: group, rank: rank++ }),
    );
    this.#stress.set(document, lanes);
    for (const context of document.contexts.values()) {
      this.#declareContext(context, group, rank++);
    }
  }

  #declareThread(pid: number, tid: number, name: string): number {
    const uuid = ++this.#last;
    this.#out.track((out) => {
      out.uint(TRACK.uuid, uuid);
      out.text(TRACK.name, name);
      // Without this the track would take the thread's name with its number.
      out.flag(TRACK.disallowMergingWithSystemTracks, true);
      out.begin(TRACK.thread);
      out.uint(THREAD.pid, pid);
      out.uint(THREAD.tid, tid);
      out.text(THREAD.threadName, name);
      out.end();
    });
    return uuid;
  }

  #declareContext(context: ContextFacts, parent: number, rank: number): void {
    const group = this.#declare({
      name: contextLabel(context),
      parent,
      rank,
      ordered: true,
      description: `${context.sampleRate} Hz, ${context.quantumFrames} frames a quantum`,
    });
    this.#contexts.set(context, {
      state: this.#declare({ name: STATE_TRACK, parent: group, rank: 0 }),
      liveNodes: this.#declare({
        name: LIVE_NODES_TRACK,
        parent: group,
        rank: 1,
        unit: 'nodes',
        description: 'AudioWorkletNodes of this context, constructed and not collected',
      }),
      callRate: this.#declare({
        name: CALL_RATE_TRACK,
        parent: group,
        rank: 2,
        unit: 'calls/s',
        description: 'process() calls of all processors of this context',
      }),
    });
    for (const [index, node] of context.nodes.entries()) {
      this.#nodes.set(
        node,
        this.#declare({
          name: nodeLabel(node),
          parent: group,
          rank: 3 + index,
          description: nodeDescription(node),
        }),
      );
    }
  }

  #declare({ name, parent, rank, ordered, description, unit }: TrackSpec): number {
    const uuid = ++this.#last;
    this.#out.track((out) => {
      out.uint(TRACK.uuid, uuid);
      out.text(TRACK.name, name);
      if (parent !== undefined) out.uint(TRACK.parentUuid, parent);
      if (rank !== undefined) out.uint(TRACK.siblingOrderRank, rank);
      if (ordered) out.uint(TRACK.childOrdering, CHILD_ORDERING.explicit);
      if (description !== undefined) out.text(TRACK.description, description);
      out.uint(TRACK.siblingMergeBehavior, SIBLING_MERGE.none);
      if (unit !== undefined) declareCounter(out, unit);
    });
    return uuid;
  }
}

export interface ContextTracks {
  readonly state: number;
  readonly liveNodes: number;
  readonly callRate: number;
}

function declareCounter(out: ProtoWriter, unit: string): void {
  out.begin(TRACK.counter);
  out.uint(COUNTER.unit, COUNTER_UNIT.count);
  out.text(COUNTER.unitName, unit);
  out.end();
}

/** The URL. A frame says so, since it may have the URL of the page around it. */
function processName(document: DocumentFacts): string {
  const url = document.url || document.id;
  return document.parentFrameId < 0 ? url : `${url} (frame ${document.frameId})`;
}

function threadName(thread: ThreadFacts): string {
  if (thread.context !== undefined) return `Rendering thread of ${contextLabel(thread.context)}`;
  if (thread.worker !== undefined) return `Worker ${workerLabel(thread.worker)}`;
  return thread.name || `Thread ${thread.id}`;
}

function nodeDescription(node: NodeFacts): string {
  const parts = [
    `${node.className} of processor "${node.processorName}"`,
    `${node.numberOfInputs} inputs, ${node.numberOfOutputs} outputs`,
  ];
  if (node.memory !== 'none') parts.push(`${node.memory} memory`);
  if (node.emscripten !== 'no') parts.push(`made by Emscripten glue`);
  if (node.userData > 0) parts.push(`userData 0x${node.userData.toString(16)}`);
  return parts.join('; ');
}
