import type { Micros } from '../shared/units.ts';
import type { Evidence, FindingEntity } from './finding.ts';
import { channelLabel, memoryLabel, workerLabel } from './labels.ts';
import { type LostMessages, lostMessages } from './lost-messages.ts';
import type {
  Call,
  ChannelFacts,
  ContextFacts,
  DataBlockFacts,
  Destroyed,
  DocumentFacts,
  NodeFacts,
  Point,
  ThreadFacts,
  WorkerFacts,
} from './model.ts';
import { mayHaunt } from './order.ts';
import type { Teardown } from './ordering/teardown.ts';
import type { Session } from './session.ts';
import { DEFAULT_THRESHOLDS, type Thresholds } from './thresholds.ts';

/** What a rule looks at: the facts, the thresholds, and one time line and one set of names for all. */
export class Scene {
  readonly documents: readonly DocumentFacts[];
  readonly thresholds: Thresholds;
  /** Worklet nodes of pages; those that Emscripten's glue makes for itself are left out. */
  readonly nodes: readonly NodeFacts[];
  /** Those of them that their page has given up in some way. */
  readonly parted: readonly NodeFacts[];
  /** Those of the parted that may have been used after their first farewell: few, in a sound page. */
  readonly haunting: readonly NodeFacts[];
  /** Channels with messages that were sent and not received, or that could not be read. */
  readonly suspects: readonly ChannelFacts[];
  #lost: readonly LostMessages[] | undefined;
  readonly #session: Session;
  readonly #shifts = new Map<DocumentFacts, number>();
  #teardowns: readonly Teardown[] | undefined;

  constructor(session: Session, thresholds?: Partial<Thresholds>) {
    this.#session = session;
    this.documents = session.documents;
    this.thresholds = { ...DEFAULT_THRESHOLDS, ...thresholds };
    const nodes: NodeFacts[] = [];
    const parted: NodeFacts[] = [];
    const haunting: NodeFacts[] = [];
    for (const document of session.documents) {
      for (const node of document.nodes.values()) {
        if (node.emscripten === 'bootstrap') continue;
        nodes.push(node);
        if (node.farewells.length === 0) continue;
        parted.push(node);
        if (mayHaunt(node, this.thresholds)) haunting.push(node);
      }
    }
    this.nodes = nodes;
    this.parted = parted;
    this.haunting = haunting;
    this.suspects = session.documents.flatMap(({ suspects }) => suspects);
  }

  /** Messages that were not handled and never will be. */
  get lost(): readonly LostMessages[] {
    this.#lost ??= this.suspects.flatMap(lostMessages);
    return this.#lost;
  }

  /** The verdict on every release of something that a processor uses. */
  get teardowns(): readonly Teardown[] {
    this.#teardowns ??= this.documents.flatMap((document) =>
      this.#session.teardowns(document, this.thresholds),
    );
    return this.#teardowns;
  }

  *contexts(): Iterable<ContextFacts> {
    for (const document of this.documents) yield* document.contexts.values();
  }

  /** Since the navigation start of the top document. */
  time(document: DocumentFacts, at: number): Micros {
    let shift = this.#shifts.get(document);
    if (shift === undefined) {
      shift = document.timeOrigin - topOf(document, this.documents).timeOrigin;
      this.#shifts.set(document, shift);
    }
    return (at + shift) as Micros;
  }

  evidence(document: DocumentFacts, point: Point, what: string): Evidence {
    const thread = document.threads.get(point.thread)?.name ?? `thread #${point.thread}`;
    return { at: this.time(document, point.at), thread, what };
  }

  /** Evidence of one call, on the node's audio rendering thread. */
  callEvidence(node: NodeFacts, call: Call, what: string): Evidence {
    const thread = node.context.audioThread?.name ?? 'audio rendering thread';
    const order = node.document.isolated ? `, order ${call.enter}–${call.exit}` : '';
    const answer = call.returned === 'threw' ? 'threw' : `returned ${call.returned}`;
    return {
      at: this.time(node.document, call.at),
      thread,
      what: `${what} (frame ${call.frame}${order}, ${answer})`,
    };
  }

  farewellEvidence(node: NodeFacts, farewell: Destroyed): Evidence {
    const order = node.document.isolated ? ` (order ${farewell.seq})` : '';
    return this.evidence(node.document, farewell, `${SIGNAL_WORDS[farewell.signal]}${order}`);
  }
}

/** What the page did, for each signal. */
export const SIGNAL_WORDS: { readonly [signal in Destroyed['signal']]: string } = {
  declared: 'the page declared the node destroyed',
  emscripten: 'emscripten_destroy_web_audio_node() was called',
  closed: 'the node was detached and its port closed',
  'context-closed': 'close() of its context resolved',
  collected: 'the node object was garbage-collected',
  detached: 'the node was detached',
};

export function nodeLabel(node: NodeFacts): string {
  return `${node.processorName === '' ? 'AudioWorkletNode' : node.processorName} #${node.id}`;
}

export function contextLabel(context: ContextFacts): string {
  return `${context.kind === 'offline' ? 'OfflineAudioContext' : 'AudioContext'} #${context.id}`;
}

export function nodeEntity(node: NodeFacts): FindingEntity {
  return { kind: 'node', id: node.key, label: nodeLabel(node) };
}

export function threadEntity(thread: ThreadFacts): FindingEntity {
  return { kind: 'thread', id: `${thread.document.index}/t${thread.id}`, label: thread.name };
}

export function workerEntity(worker: WorkerFacts): FindingEntity {
  return { kind: 'worker', id: worker.key, label: workerLabel(worker) };
}

export function memoryEntity(memory: DataBlockFacts): FindingEntity {
  return { kind: 'memory', id: memory.key, label: memoryLabel(memory) };
}

/** What a channel belongs to: its node or worker, or else itself. */
export function channelEntity(channel: ChannelFacts): FindingEntity {
  const { node, worker, key } = channel;
  if (node !== undefined) return nodeEntity(node);
  if (worker !== undefined) return workerEntity(worker);
  return { kind: 'port', id: key, label: channelLabel(channel) };
}

export function contextEntity(context: ContextFacts): FindingEntity {
  return { kind: 'context', id: context.key, label: contextLabel(context) };
}

/** `2.67 ms`, `12.3 ms`, `1.25 s`. */
export function durationWords(micros: number): string {
  if (micros >= 1e6) return `${trim(micros / 1e6, 2)} s`;
  return `${trim(micros / 1e3, micros < 1e4 ? 2 : 1)} ms`;
}

/** `1 call`, `12 calls`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function trim(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}

/** The frames of a stack as the engine printed it, one a line, without the header. */
export function stackFrames(stack: string): readonly string[] {
  const frames: string[] = [];
  for (const line of stack.split('\n')) {
    const frame = line.trim().replace(/^at /, '');
    if (frame === '' || /^[A-Za-z]*Error(:|$)/.test(frame)) continue;
    frames.push(frame);
  }
  return frames;
}

/** Stacks by role, without those that were not recorded. */
export function stacksOf(stacks: { readonly [role: string]: string | undefined }): {
  readonly [role: string]: readonly string[];
} {
  const out: { [role: string]: readonly string[] } = {};
  for (const [role, stack] of Object.entries(stacks)) {
    const frames = stackFrames(stack ?? '');
    if (frames.length > 0) out[role] = frames;
  }
  return out;
}

/** The top document that a document was loaded into: the last to start before it. */
function topOf(document: DocumentFacts, documents: readonly DocumentFacts[]): DocumentFacts {
  if (document.parentFrameId < 0) return document;
  let top: DocumentFacts | undefined;
  for (const each of documents) {
    if (each.parentFrameId >= 0) continue;
    const fits = each.timeOrigin <= document.timeOrigin;
    if (top === undefined || (fits && each.timeOrigin >= top.timeOrigin)) top = each;
  }
  return top ?? document;
}
