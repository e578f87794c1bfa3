import { expect, test } from 'vitest';
import { History } from '../../../../src/injected/late/history.ts';
import { Outbox } from '../../../../src/injected/late/outbox.ts';
import * as LIMITS from '../../../../src/shared/limits.ts';
import type { PageMessage } from '../../../../src/shared/messages.ts';

const MEGABYTE = 1024 * 1024;

/** Sends of an outbox as text: `3` a chunk, `<7 lost 20` everything below 7, `flushed 1`. */
function script() {
  const history = new History();
  const sent: string[] = [];
  const outbox = new Outbox(history, (message: PageMessage) => {
    if (message.kind === 'chunk') sent.push(`${message.number}`);
    if (message.kind === 'forgotten') sent.push(`<${message.number} lost ${message.bytes}`);
    if (message.kind === 'flushed') sent.push(`flushed ${message.id}`);
  });
  const add = (form: 'slots' | 'records', bytes: number, times = 1): void => {
    for (let i = 0; i < times; i++) history.add(form, 1, new Uint8Array(bytes));
    outbox.pump();
  };
  return { history, outbox, add, take: () => sent.splice(0).join(', ') };
}

test('nothing is sent before somebody watches, then everything, in order', () => {
  const { outbox, add, take } = script();
  add('records', 10, 2);
  add('slots', 16);
  expect(take()).toBe('');
  outbox.watch(1);
  expect(take()).toBe('1, 2, 3');
  add('slots', 16);
  expect(take()).toBe('4');
  outbox.unwatch();
  add('slots', 16);
  expect(take()).toBe('');
  outbox.watch(4);
  expect(take()).toBe('4, 5');
});

test('no more than the window is under way, and acknowledgements move it on', () => {
  const { outbox, add, take } = script();
  outbox.watch(1);
  add('records', 10, LIMITS.chunksInFlight + 3);
  expect(take().split(', ')).toHaveLength(LIMITS.chunksInFlight);
  outbox.acknowledge(2);
  expect(take()).toBe(`${LIMITS.chunksInFlight + 1}, ${LIMITS.chunksInFlight + 2}`);
  outbox.acknowledge(LIMITS.chunksInFlight + 2);
  expect(take()).toBe(`${LIMITS.chunksInFlight + 3}`);
});

test('the oldest slots are forgotten first, and the gap is told where it is', () => {
  const { outbox, add, take } = script();
  add('records', 10);
  add('slots', MEGABYTE, 3);
  add('records', 10);
  add('slots', MEGABYTE, 8);
  outbox.watch(1);
  expect(take()).toBe(
    `1, <5 lost ${3 * MEGABYTE}, 5, <7 lost ${MEGABYTE}, 7, 8, 9, 10, 11, 12, 13`,
  );
});

test('a watcher that lags is told what it has missed, and goes on', () => {
  const { outbox, add, take } = script();
  outbox.watch(1);
  add('slots', MEGABYTE / 4, LIMITS.chunksInFlight);
  take();
  add('slots', MEGABYTE / 4, 40);
  expect(take()).toBe('');
  outbox.acknowledge(LIMITS.chunksInFlight);
  const rest = take();
  expect(rest).toMatch(/^<(\d+) lost \d+, \1, /);
  for (let number = 17; number <= 56; number++) outbox.acknowledge(number);
  expect(`${rest}, ${take()}`).toMatch(/55, 56$/);
});

test('clearing forgets slots, which is no loss, and keeps lifecycles', () => {
  const { history, outbox, add, take } = script();
  add('records', 10);
  add('slots', 32);
  add('records', 10);
  history.clear();
  outbox.watch(1);
  expect(take()).toBe('1, <3 lost 0, 3');
});

test('a flush is answered once all before it was sent, at once when nobody watches', () => {
  const { outbox, add, take } = script();
  outbox.answerFlush(1);
  expect(take()).toBe('flushed 1');
  outbox.watch(1);
  add('records', 10, LIMITS.chunksInFlight + 1);
  take();
  outbox.answerFlush(2);
  expect(take()).toBe('');
  outbox.acknowledge(5);
  expect(take()).toBe(`${LIMITS.chunksInFlight + 1}, flushed 2`);
});

test('a document that goes away sends all that is left', () => {
  const { history, outbox, take } = script();
  outbox.watch(1);
  for (let i = 0; i < LIMITS.chunksInFlight * 2; i++) history.add('records', 0, new Uint8Array(1));
  outbox.pump(true);
  expect(take().split(', ')).toHaveLength(LIMITS.chunksInFlight * 2);
});
