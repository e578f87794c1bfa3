import type { Certainty, Finding, Severity } from '../../analysis/finding.ts';
import type { DestroySignal, EntityKey } from '../../analysis/model.ts';
import type { SessionInput } from '../../analysis/session-input.ts';
import type { Result } from '../../base/result.ts';
import type { ContextState } from '../../shared/records.ts';
import type { ThreadId } from '../../shared/units.ts';
import type { HeapQuery, HeapTarget, HeapView } from './heap/heap-protocol.ts';

/**
 * What the panel's thread and its worker say to each other, one union a direction. The worker owns
 * every record; the panel gets rows, findings and geometry, never records.
 *
 * All times here are **session time**: microseconds since the earliest time origin of the session's
 * documents, so that frames and reloads lie on one line.
 */
export type ToWorker =
  | { readonly kind: 'ingest'; readonly inputs: readonly SessionInput[] }
  /** Forgets what was; lives that go on keep their name. `leaving`: and all of these pages once they go. */
  | { readonly kind: 'clear'; readonly leaving: boolean }
  /** What the timeline shows. Geometry follows at once and whenever the facts change. */
  | { readonly kind: 'look'; readonly view: View }
  /** Back from an opened file to the live session. */
  | { readonly kind: 'close-file' }
  /** Copies every input of the shown session to whoever holds the other end of `port`. */
  | { readonly kind: 'hand-over'; readonly port: MessagePort }
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question };

export type FromWorker =
  | { readonly kind: 'session'; readonly session: SessionView }
  | { readonly kind: 'geometry'; readonly geometry: Geometry }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Result<unknown> }
  /** Our own bug, or a chunk that could not be read. */
  | { readonly kind: 'fault'; readonly message: string };

/** Every question with the type of its answer. */
export interface Answers {
  /** Once all that was ingested before is judged and sent. */
  readonly settle: undefined;
  readonly findings: readonly Finding[];
  readonly open: { readonly name: string };
  readonly probe: Probe | undefined;
  readonly detail: EntityDetail | undefined;
  readonly compare: Comparison;
  readonly heap: HeapView;
  /** The address that opens Perfetto with the findings in sight. */
  readonly 'perfetto-url': string;
}

export type Question =
  | { readonly ask: 'settle' }
  | { readonly ask: 'findings' }
  | { readonly ask: 'perfetto-url' }
  | { readonly ask: 'open'; readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> }
  | {
      readonly ask: 'probe';
      readonly row: EntityKey;
      readonly at: number;
      /** How far from `at` something may lie and still be meant. */
      readonly reach: number;
    }
  | { readonly ask: 'detail'; readonly entity: EntityKey }
  | { readonly ask: 'heap'; readonly query: HeapQuery }
  /** Which of two events had to come first. */
  | { readonly ask: 'compare'; readonly first: DetailEvent; readonly second: DetailEvent };

export type Tone = 'error' | 'warning' | 'quiet';

/** One lifeline (or the heading of some) as the outline lists it. */
export interface Row {
  readonly key: EntityKey;
  readonly kind: 'document' | 'context' | 'worker' | 'node';
  readonly parent: EntityKey | undefined;
  readonly label: string;
  /** Second, fainter part of the label. */
  readonly note: string;
  readonly born: number;
  /** When a worker’s first statement ran; undefined before that, and of others. */
  readonly started: number | undefined;
  /** End of the lifeline; undefined while it lives. */
  readonly ended: number | undefined;
  readonly destroyed: { readonly at: number; readonly signal: DestroySignal } | undefined;
  /** From when on a call is out of place, and how badly. */
  readonly after: { readonly at: number; readonly tone: Tone } | undefined;
  readonly quantumMicros: number;
  readonly calls: number;
  readonly findings: number;
  readonly worst: Severity | undefined;
  /** The worst verdict on how it was given up; undefined while it was not. */
  readonly verdict: Verdict | undefined;
}

export const VERDICTS = ['racy', 'unknown', 'ordered'] as const;
/** Whether a teardown had to come after the last use. The worst is the first. */
export type Verdict = (typeof VERDICTS)[number];

/** A finding with its times in session time. */
export interface ShownFinding extends Finding {
  readonly title: string;
  /** What the rule means in general; empty when the rule is not known. */
  readonly explain: string;
  readonly firstAt: number;
  readonly lastAt: number;
  /** One for each entry of `evidence`. */
  readonly evidenceAt: readonly number[];
  /** The row it belongs to; undefined when its entity has none. */
  readonly row: EntityKey | undefined;
}

export interface SessionView {
  readonly rows: readonly Row[];
  readonly findings: readonly ShownFinding[];
  /** Where it begins: 0, or when it was cleared. */
  readonly since: number;
  /** The end of what is known. */
  readonly now: number;
  /** Microseconds since the Unix epoch at session time 0; 0 while there is no document. */
  readonly epoch: number;
  readonly documents: number;
  readonly liveDocuments: number;
  readonly contexts: number;
  readonly nodes: number;
  readonly calls: number;
  readonly lost: number;
  readonly refused: number;
  /** Bytes of history that the page had dropped before anybody watched. */
  readonly forgottenBytes: number;
  readonly coverage: readonly string[];
  /** The opened file; undefined for the live session. */
  readonly file: string | undefined;
}

export interface View {
  readonly id: number;
  readonly from: number;
  readonly to: number;
  /** Microseconds a CSS pixel. */
  readonly pxMicros: number;
  readonly rows: readonly EntityKey[];
  /** The row whose messages are shown as arrows, however many there are. */
  readonly focus: EntityKey | undefined;
}

/** What the canvas draws, in session time; the panel only scales it. */
export interface Geometry {
  readonly view: View;
  readonly rows: readonly RowGeometry[];
  readonly arrows: readonly Arrow[];
}

/** A message from row to row. */
export interface Arrow {
  readonly from: EntityKey;
  readonly to: EntityKey;
  readonly sentAt: number;
  /** Undefined while nobody has handled it. */
  readonly handledAt: number | undefined;
}

export interface RowGeometry {
  readonly key: EntityKey;
  readonly calls: CallGeometry | undefined;
  readonly marks: MarkGeometry;
  /** Pairs of from, to. */
  readonly gaps: Float64Array<ArrayBuffer>;
  /** When a thread stood in `Atomics.wait`; pairs of from, to. */
  readonly waits: Float64Array<ArrayBuffer>;
  /** States of a context, each until the next one. */
  readonly bands: readonly { readonly at: number; readonly state: ContextState }[];
}

export type CallGeometry =
  | {
      readonly form: 'buckets';
      readonly from: number;
      readonly bucketMicros: number;
      readonly counts: Uint32Array<ArrayBuffer>;
      readonly worstMicros: Uint32Array<ArrayBuffer>;
    }
  | {
      readonly form: 'single';
      readonly at: Float64Array<ArrayBuffer>;
      /** 0 where the call was not timed. */
      readonly duration: Float64Array<ArrayBuffer>;
      /** 0 false, 1 true, 2 threw. */
      readonly returned: Uint8Array<ArrayBuffer>;
    };

/** Kinds of point events on a lifeline; the index is what `MarkGeometry.kinds` holds. */
export const MARKS = [
  'created',
  'connected',
  'disconnected',
  'message-in',
  'message-out',
  'port-closed',
  'farewell',
  'failed',
  'collected',
  'refused',
  'context-call',
  'page-event',
  'started',
  'ended',
  'atomic',
  'stressed',
] as const;
export type MarkKind = (typeof MARKS)[number];

export interface MarkGeometry {
  readonly at: Float64Array<ArrayBuffer>;
  readonly kinds: Uint8Array<ArrayBuffer>;
}

/** What lies under the pointer, in words. */
export interface Probe {
  readonly title: string;
  readonly at: number;
  readonly lines: readonly { readonly label: string; readonly value: string }[];
  /** The event itself, where it is one. */
  readonly event: DetailEvent | undefined;
}

export interface EntityDetail {
  readonly key: EntityKey;
  readonly kind: Row['kind'] | 'block' | 'site';
  readonly title: string;
  /** The lifeline that it is, or belongs to. */
  readonly row: EntityKey;
  /** What it has to do with: the blocks of a node, the nodes of a block. */
  readonly links: readonly EntityLink[];
  /** Ids of findings about it, where these do not stand on its own lifeline. */
  readonly findings: readonly string[];
  readonly facts: readonly { readonly label: string; readonly value: string }[];
  /** Why its processor is still alive; empty for other kinds. */
  readonly liveness: readonly string[];
  /** Each time that it, or memory of its, was given up. */
  readonly teardowns: readonly TeardownView[];
  readonly events: readonly DetailEvent[];
  /** Events that were left out to keep the list short. */
  readonly eventsOmitted: number;
  readonly stacks: readonly { readonly role: string; readonly frames: readonly string[] }[];
}

export interface EntityLink {
  readonly label: string;
  readonly target: HeapTarget;
}

export interface DetailEvent {
  readonly at: number;
  readonly thread: string;
  readonly what: string;
  /** Whose life it is a part of, where `what` does not say so; else empty. */
  readonly owner: string;
  /** Where it stands in the order of its thread; undefined where that is not known. */
  readonly place: EventPlace | undefined;
}

export interface EventPlace {
  /** `DocumentFacts.index` */
  readonly document: number;
  readonly thread: ThreadId;
  readonly tick: number;
}

/** A verdict in words. */
export interface TeardownView {
  /** The node, or the block that was freed. */
  readonly entity: EntityKey;
  readonly verdict: Verdict;
  readonly certainty: Certainty;
  readonly title: string;
  readonly message: string;
  /** Of an ordered one the way from the last use to the release; else those two, with nothing between them. */
  readonly path: readonly PathStep[];
}

/** The answer for two events. */
export interface Comparison {
  readonly order: 'ordered' | 'unordered' | 'unknown';
  readonly title: string;
  readonly message: string;
  /** From the earlier to the later; where nothing orders them, just the two. */
  readonly path: readonly PathStep[];
}

export interface PathStep {
  readonly event: DetailEvent;
  /** What is between it and the next step; undefined at the last. */
  readonly link: PathLink | undefined;
}

/** In words; and whether it orders them, does not, or nobody knows. */
export interface PathLink {
  readonly words: string;
  readonly order: Comparison['order'];
}
