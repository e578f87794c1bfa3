import { expect, test } from 'vitest';
import { sendClock } from '../../../src/hooks/send-clock.ts';

test('the fine clock is read once a millisecond of the coarse one, however far apart the calls', () => {
  const times = [10.2, 10.2, 10.9, 11, 11.4, 5000.7, 5000.9, 5001];
  let now = 0;
  const clock = sendClock(
    () => now * 1000,
    () => Math.floor(now),
  );
  const told = times.map((time) => {
    now = time;
    return clock() / 1000;
  });
  expect(told).toEqual([10.2, 10.2, 10.2, 11, 11, 5000.7, 5000.7, 5001]);
});
