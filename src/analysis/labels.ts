import { MAIN_THREAD, type ThreadId } from '../shared/units.ts';
import type {
  BlockFacts,
  ChannelFacts,
  ContextFacts,
  DataBlockFacts,
  DocumentFacts,
  EndFacts,
  MessageFacts,
  NodeFacts,
  WorkerFacts,
} from './model.ts';

/**
 * What an entity is called wherever people read of it: findings, the panel, reports and the tracks
 * of a trace, which are found again by this very text.
 */
export function nodeLabel(node: NodeFacts): string {
  return `${node.processorName || node.className} #${node.id}`;
}

export function contextLabel(context: ContextFacts): string {
  return `${context.kind === 'offline' ? 'OfflineAudioContext' : 'AudioContext'} #${context.id}`;
}

/** `mixer #1`, by its name, else by its script’s; of a worker’s own worker `mixer #2.1`. */
export function workerLabel({ name, url, parent, id }: WorkerFacts): string {
  return `${name || fileOf(url) || 'Worker'} #${local(parent, id)}`;
}

/** A port of its own has no name: it is called by the number of the first end that was seen. */
export function channelLabel(channel: ChannelFacts): string {
  const { node, worker } = channel;
  switch (channel.kind) {
    case 'node':
      return node === undefined ? 'port' : `port of ${nodeLabel(node)}`;
    case 'worker':
      return worker === undefined ? 'worker' : `worker ${workerLabel(worker)}`;
    case 'broadcast':
      return `BroadcastChannel "${channel.name}"`;
    case 'port':
      return `MessageChannel #${endNumber(firstEnd(channel))}`;
  }
}

/** To whom a message goes; by a channel of neither node nor worker, that. */
export function addresseeLabel({ channel, side }: MessageFacts): string {
  const { node, worker } = channel;
  if (node !== undefined) return side === 0 ? nodeLabel(node) : 'page';
  if (worker === undefined) return channelLabel(channel);
  return side === 0 ? workerLabel(worker) : threadLabel(channel.document, worker.parent);
}

/** `WebAssembly memory #1`, by its number in the page, else in the first thread that knew it. */
export function memoryLabel({ kind, locals: [first] }: DataBlockFacts): string {
  const number = first === undefined ? '?' : local(first.thread, first.memory);
  return `${kind === 'wasm' ? 'WebAssembly memory' : 'shared memory'} #${number}`;
}

/** `samples #1`, by the name that the page gave it. */
export function blockLabel({ id, label }: BlockFacts): string {
  return `${label || 'block'} #${id}`;
}

/** What is known of its allocation. */
export function allocationWords({ length }: BlockFacts): string {
  return length > 0
    ? 'the block was allocated'
    : 'the block was there, allocated by another thread';
}

/** `0x1f40 of WebAssembly memory #1`, as far as the memory is known. */
export function addressLabel(offset: number, memory: DataBlockFacts | undefined): string {
  const address = `0x${offset.toString(16)}`;
  return memory === undefined ? address : `${address} of ${memoryLabel(memory)}`;
}

/** Who runs there: `page`, `mixer #1`, `AudioContext #1`. */
export function threadLabel(document: DocumentFacts, id: ThreadId): string {
  const thread = document.threads.get(id);
  if (id === MAIN_THREAD) return 'page';
  if (thread?.worker !== undefined) return workerLabel(thread.worker);
  if (thread?.context !== undefined) return contextLabel(thread.context);
  return thread?.name || `thread #${id}`;
}

function firstEnd({ sides }: ChannelFacts): EndFacts | undefined {
  return sides[0]?.ends[0] ?? sides[1]?.ends[0];
}

function endNumber(end: EndFacts | undefined): string {
  return end === undefined ? '?' : local(end.thread, Math.ceil(end.id / 2));
}

/** A number that a thread gave, told apart from those that others gave. */
function local(thread: ThreadId, id: number): string {
  return thread === MAIN_THREAD ? String(id) : `${thread}.${id}`;
}

/** The last part of a path; of a blob or data URL nothing. */
function fileOf(url: string): string {
  const path = /^(?:blob|data):/.test(url) ? '' : url.replace(/[?#].*$/, '');
  return path.slice(path.lastIndexOf('/') + 1);
}
