import { describe, expect, test } from 'vitest';
import { findings } from '../../../support/text-records.ts';

describe('postmessage-in-process', () => {
  test('fires when call after call posts', () => {
    expect(
      findings(`
        0     nodeCreated  node=7
        2667  process      node=7 times=40 sends=2
      `),
    ).toEqual(['postmessage-in-process info proven 0/n7 ×80']);
  });

  test('is silent about a meter that posts once in a while', () => {
    const meter = Array.from(
      { length: 60 },
      (_, i) => `${10000 * (i + 1)} process node=7 sends=1
        ${10000 * (i + 1) + 2667} process node=7 times=2`,
    );
    expect(findings(`0 nodeCreated node=7\n${meter.join('\n')}`)).toEqual([]);
  });

  test('is silent about messages that the port’s handler sends between the calls', () => {
    const answers = Array.from(
      { length: 60 },
      (_, i) => `${3000 * (i + 1) - 100} send 7→main "pong"
        ${3000 * (i + 1)} process node=7`,
    );
    expect(findings(`0 nodeCreated node=7\n${answers.join('\n')}`)).toEqual([]);
  });
});
