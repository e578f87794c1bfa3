import { bufferBytes, IntrinsicUint8Array, sharedBufferBytes } from '../../base/intrinsics.ts';
import type { BlockLedger } from '../../shared/block-ledger.ts';
import type { FieldsOf, RecordName } from '../../shared/records.ts';
import type { MemoryId, Micros } from '../../shared/units.ts';
import type { Memories } from '../memories.ts';
import type { HeapHost } from './heap-host.ts';
import { isSharable } from './heap-map.ts';

/** The recorder of the thread that the heaps are in. */
interface HeapRecorder {
  next(): number;
  now(): number;
  stack(): string;
  record<N extends RecordName>(name: N, fields: FieldsOf<N>, seq?: number, at?: number): void;
  fault(error: unknown): void;
}

/** Lets what is heard of heaps become records. `ledgerOf` gives nothing before this thread has a number; `numberOf` numbers memories. */
export function recordHeaps(
  recorder: HeapRecorder,
  memories: Memories,
  numberOf: (memory: object) => MemoryId,
  ledgerOf: () => BlockLedger | undefined,
  given: Pick<HeapHost, 'map' | 'maySpend' | 'uncovered' | 'isHeard' | 'judge'>,
): HeapHost {
  return {
    ...given,
    next: () => recorder.next(),
    now: () => recorder.now() as Micros,
    stack: () => recorder.stack(),
    number: (memory) => ledgerOf()?.number(memory),
    isSharable: (memory) => isSharable(memories, memory),
    isShared: (memory) => memories.sharedIdOf(memories.bufferIn(memory)) !== 0,
    told({ block, memory, offset, length, by, stack, seq, at }) {
      const fields = { block, memory, offset, length, by, stack };
      recorder.record('heapAllocated', fields, seq, at);
    },
    found: ({ block, memory, offset }) => recorder.record('heapFound', { block, memory, offset }),
    freed({ block, memory, offset }, seq, at, stack) {
      recorder.record('blockFreed', { block, memory, offset, stack }, seq, at);
    },
    strayed(memory, offset, seq, stack, at) {
      recorder.record('heapFreed', { memory: numberOf(memory), offset, stack }, seq, at);
    },
    grew({ id, counted, bytes, made, stack }) {
      recorder.record('heapSite', { site: id, live: counted, bytes, made, stack });
    },
    counted(memory, { resting, tally: { made, madeBytes, freed, freedBytes } }) {
      const { quarantine } = resting ?? {};
      const { blocks = 0, bytes: restingBytes = 0, most = 0 } = quarantine?.occupancy ?? {};
      recorder.record('heapState', {
        memory: numberOf(memory),
        bytes: bytesOf(memories, memory),
        made,
        madeBytes,
        freed,
        freedBytes,
        resting: blocks,
        restingBytes,
        restingMost: most,
        shadow: quarantine?.bytes ?? 0,
      });
    },
    misfreed({ what, block, memory, offset }, seq, stack) {
      const fields = { what, block, memory: numberOf(memory), offset, stack };
      recorder.record('heapMisfreed', fields, seq);
    },
    bytesIn(memory) {
      const buffer = memories.bufferIn(memory);
      return buffer === memory ? undefined : new IntrinsicUint8Array(buffer as ArrayBuffer);
    },
    fetchEnded({ block }, fetch) {
      const { id, status, bytes, url } = fetch;
      recorder.record('fetchEnded', { block, id, status, bytes, url });
    },
    fetchRefused: ({ block }, stack) => recorder.record('fetchRefused', { block, stack }),
    fault: (error) => recorder.fault(error),
  };
}

function bytesOf(memories: Memories, memory: object): number {
  const buffer = memories.bufferIn(memory);
  return isSharable(memories, memory) ? (sharedBufferBytes?.(buffer) ?? 0) : bufferBytes(buffer);
}
