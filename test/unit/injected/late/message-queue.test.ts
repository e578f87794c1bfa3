import { expect, test } from 'vitest';
import { MessageQueue } from '../../../../src/injected/late/message-queue.ts';
import { looksLikeStop } from '../../../../src/injected/late/stop-message.ts';

test('lets out what it holds in order, each once', () => {
  const posted: unknown[] = [];
  const port = new MessageChannel().port1;
  const queue = new MessageQueue((to, message) => posted.push([to === port, message]));
  for (let n = 0; n < 1000; n++) queue.add(port, n);
  expect(queue.length).toBe(1000);
  expect(posted).toEqual([]);
  queue.flush();
  queue.flush();
  expect(posted).toEqual(Array.from({ length: 1000 }, (_, n) => [true, n]));
  expect(queue.length).toBe(0);
  port.close();
});

test('what is posted while it lets out waits for the next time', () => {
  const posted: unknown[] = [];
  const port = new MessageChannel().port1;
  const queue: MessageQueue = new MessageQueue((to, message) => {
    posted.push(message);
    if (message === 'first') queue.add(to, 'later');
  });
  queue.add(port, 'first');
  queue.add(port, 'second');
  queue.flush();
  expect(posted).toEqual(['first', 'second']);
  queue.flush();
  expect(posted).toEqual(['first', 'second', 'later']);
  port.close();
});

test('tells a request to stop from other messages', () => {
  const stops = [
    '"stop"',
    '{type: "shutdown"}',
    '{cmd: "disposeVoice", id: 3}',
    '{destroy: true}',
    '"shut-down"',
    '{action: "free"}',
    '"END"',
  ];
  const others = [
    '"start"',
    '{n: 3}',
    '{frequency: 440}',
    '"nonstop"',
    '{type: "freeze"}',
    '"endpoint"',
    '[1, 2]',
    '',
  ];
  expect(stops.filter((preview) => !looksLikeStop(preview))).toEqual([]);
  expect(others.filter(looksLikeStop)).toEqual([]);
});
