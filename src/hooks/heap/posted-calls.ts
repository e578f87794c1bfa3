import { isArray, keysOf, min, ownData } from '../../base/intrinsics.ts';
import type { FieldsOf, RecordName } from '../../shared/records.ts';
import type { Channels, End } from '../channels.ts';
import { PreviewBudget } from '../preview-budget.ts';
import type { HeapBlocks } from './heap-blocks.ts';

/** Arguments of a call that are looked at. */
const MAX_ARGUMENTS = 8;
const TOO_MANY =
  'Memory: so many blocks went along with posted calls that no more of them are told.';

/** The thread that posts. */
export interface PostedCallsHost {
  readonly channels: Channels;
  readonly heaps: HeapBlocks;
  readonly recorder: {
    now(): number;
    record<N extends RecordName>(name: N, fields: FieldsOf<N>, seq?: number): void;
  };
  /** How many blocks are told. */
  readonly most: number;
  uncovered(detail: string): void;
}

/**
 * Tells of the blocks whose addresses are arguments of calls that this thread posts to others, as the glue of Emscripten's
 * Wasm Workers and Audio Worklets does: `{_wsc: index of a function, x: [arguments]}`. Of a flood only some are looked
 * into, and only what still lives when `postMessage` has returned is told: other threads may be fast.
 */
export function observePostedCalls(host: PostedCallsHost): void {
  const { channels, heaps, recorder, most } = host;
  const budget = new PreviewBudget();
  let told = 0;
  /** Numbers of blocks rise. */
  let newest = 0;

  const tellPayload = (end: End, seq: number, message: number, value: unknown): void => {
    const list = argumentsIn(value);
    if (!list || !budget.take(recorder.now())) return;
    for (let i = 0; i < min(list.length, MAX_ARGUMENTS) && told < most; i++) {
      const address = addressIn(ownData(list, i));
      const found = address === 0 ? undefined : heaps.blockFrom(address);
      if (!found) continue;
      recorder.record('payloadIn', { end: end.id, message, block: found.block }, seq);
      if (found.block <= newest) continue;
      newest = found.block;
      if (++told === most) host.uncovered(TOO_MANY);
    }
  };

  const { sink } = channels;
  channels.sink = {
    sent(end, seq, index, value) {
      sink.sent(end, seq, index, value);
      if (!end.isBroadcast) tellPayload(end, seq, index + 1, value);
    },
    received: (end, seq, index, event) => sink.received(end, seq, index, event),
    closed: (end) => sink.closed(end),
    refused: (native, self, args) => sink.refused?.(native, self, args),
  };
}

/** The arguments of a posted call: of its two properties only one has the same name in all builds. Read as data only. */
function argumentsIn(message: unknown): readonly unknown[] | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  if (typeof ownData(message, '_wsc') !== 'number') return undefined;
  const keys = keysOf(message);
  if (keys.length !== 2) return undefined;
  const list = ownData(message, keys[keys[0] === '_wsc' ? 1 : 0] as string);
  return isArray(list) ? list : undefined;
}

/** Of a number that may be an address, signed or not; else 0. */
function addressIn(value: unknown): number {
  if (typeof value !== 'number') return 0;
  return value >>> 0 === value || (value | 0) === value ? value >>> 0 : 0;
}
