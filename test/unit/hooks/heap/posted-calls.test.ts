import { beforeEach, expect, test } from 'vitest';
import type { Channels, End, MessageSink } from '../../../../src/hooks/channels.ts';
import type { HeapBlocks } from '../../../../src/hooks/heap/heap-blocks.ts';
import { observePostedCalls } from '../../../../src/hooks/heap/posted-calls.ts';

const WORKER = { id: 7, isBroadcast: false } as End;
/** Addresses at which a block begins; its number is the address. */
const BLOCKS = [64, 72, 88, 4096, 0x8000_0010];
const MOST = 4;

let said: string[];
let sink: MessageSink;
let micros: number;

beforeEach(() => {
  said = [];
  micros = 0;
  const channels = {
    sink: {
      sent: (end, seq, index) => said.push(`sent ${end.id}.${index} at ${seq}`),
      received: (end) => said.push(`received ${end.id}`),
      closed: () => true,
    },
  } as Pick<Channels, 'sink'> as Channels;
  const heaps = {
    blockFrom: (address: number) =>
      BLOCKS.includes(address) ? { block: address, memory: 1, offset: address } : undefined,
  } as unknown as HeapBlocks;
  observePostedCalls({
    channels,
    heaps,
    recorder: {
      now: () => micros,
      record: (name, fields, seq) =>
        said.push(`${name} ${Object.values(fields).join(' ')} at ${seq}`),
    },
    most: MOST,
    uncovered: (detail) => said.push(detail),
  });
  sink = channels.sink;
});

/** What is told of the blocks of a message. */
function payloadOf(message: unknown, end = WORKER): readonly string[] {
  said = [];
  sink.sent(end, 40, 3, message);
  expect(said.shift()).toBe(`sent ${end.id}.3 at 40`);
  return said;
}

test('a posted call takes along the blocks that its arguments are addresses of', () => {
  expect(payloadOf({ _wsc: 2, x: [64] })).toEqual(['payloadIn 7 4 64 at 40']);
  expect(payloadOf({ _wsc: 2, x: [1, 4096, 7, 64] })).toEqual([
    'payloadIn 7 4 4096 at 40',
    'payloadIn 7 4 64 at 40',
  ]);
  // Audio worklets have another name, and minified builds any; large addresses are negative numbers.
  expect(payloadOf({ args: [0x8000_0010 | 0], _wsc: 2 })).toEqual([
    `payloadIn 7 4 ${0x8000_0010} at 40`,
  ]);
});

test.each([
  ['the address of no block', { _wsc: 2, x: [80] }],
  ['what is no address', { _wsc: 2, x: [64.5, 2 ** 32 + 64, Number.NaN, '64', 64n, null, [64]] }],
  ['an argument beyond the eighth', { _wsc: 2, x: [0, 0, 0, 0, 0, 0, 0, 0, 64] }],
  ['no list', { _wsc: 2, x: 64 }],
  ['a list of something else', { _wsc: '2', x: [64] }],
  ['more than a call', { _wsc: 2, x: [64], id: 1 }],
  ['another message', { x: [64] }],
  ['what it inherits', Object.create({ _wsc: 2, x: [64] })],
  ['an array', [64]],
  ['a number', 64],
  ['nothing', null],
])('nothing is told of %s', (_, message) => {
  expect(payloadOf(message)).toEqual([]);
});

test('nothing is told of what is broadcast', () => {
  expect(payloadOf({ _wsc: 2, x: [64] }, { ...WORKER, isBroadcast: true })).toEqual([]);
});

test('no getter is asked', () => {
  const never = (): never => {
    throw new Error('must not run');
  };
  for (const message of [
    { _wsc: 2, x: Object.defineProperty([], 0, { get: never }) },
    Object.defineProperty({ _wsc: 2 }, 'x', { get: never, enumerable: true }),
    Object.defineProperty({ x: [64] }, '_wsc', { get: never, enumerable: true }),
  ]) {
    expect(payloadOf(message)).toEqual([]);
  }
});

test('of a flood only some are looked into', () => {
  for (let i = 0; i < 1000; i++) payloadOf({ _wsc: 2, x: [1] });
  expect(payloadOf({ _wsc: 2, x: [64] })).toEqual([]);
  micros += 1e6;
  expect(payloadOf({ _wsc: 2, x: [64] })).toHaveLength(1);
});

test('so many blocks are told, however often, and that it was the last', () => {
  for (let i = 0; i < 2 * MOST; i++) expect(payloadOf({ _wsc: 2, x: [64] })).toHaveLength(1);
  expect(payloadOf({ _wsc: 2, x: [72, 88, 4096, 0x8000_0010] })).toEqual([
    'payloadIn 7 4 72 at 40',
    'payloadIn 7 4 88 at 40',
    'payloadIn 7 4 4096 at 40',
    'Memory: so many blocks went along with posted calls that no more of them are told.',
  ]);
  expect(payloadOf({ _wsc: 2, x: [64] })).toEqual([]);
});

test('whatever else ends do is told as before', () => {
  sink.received(WORKER, 1, 0, undefined);
  expect(said).toEqual(['received 7']);
  expect(sink.closed(WORKER)).toBe(true);
});
