import { describe, expect, test } from 'vitest';
import { judge } from '../../../../src/analysis/judge.ts';
import { lineOf, sessionOf } from '../../../support/text-records.ts';

function spins(text: string): readonly string[] {
  return judge(sessionOf(text))
    .filter(({ rule }) => rule === 'spin-wait')
    .map(lineOf);
}

/** Cell 1 of a memory that node 7 was made with. */
const SHARED = `
  0  nodeCreated  node=7 memory=shared
  0  memorySeen   memory=1 bytes=64
  0  passed       end=14 message=0 what=memory local=1
  1  @audio arrived end=2 message=0 what=memory local=1
  2  cellSeen cell=1 memory=1 offset=0
  2  @audio cellSeen cell=1 memory=1 offset=0
  3  contextState context=1 state=running`;

/** A busy loop of the page from `at` for `micros`, that found `value` each time. */
function loop(at: number, micros: number, place: number, value = 0): string {
  const half = Math.round(micros / 2);
  return `
    ${at}  atomic load  cell=1 value=${value} seq=${place}..${place}
    ${at + half}  atomic loads cell=1 value=${value} count=4000 seq=${place}..${place}
    ${at + micros}  atomic loads cell=1 value=${value} count=4000 seq=${place}..${place}`;
}

describe('spin-wait fires', () => {
  test('when a call that began after the loop ended it', () => {
    expect(
      spins(`${SHARED}
        1000   process node=7 seq=101..101 times=3
        10000  atomic store cell=1 value=0 seq=110..111
        ${loop(10000, 2000, 111)}
        12000  @audio atomic store cell=1 value=1 seq=114..115
        12001  atomic load cell=1 value=1 seq=115..115
        12002  process node=7 seq=113..115`),
    ).toEqual(['spin-wait warning proven 0/n7 ×1']);
  });

  test('when the look that ended it was begun at the place of the loop', () => {
    expect(
      spins(`${SHARED}
        1000   process node=7 seq=101..101 times=3
        9999   atomic store cell=1 value=0 seq=108..109
        10000  atomic load cell=1 value=0 seq=109..111
        ${loop(10010, 2000, 111)}
        12000  @audio atomic store cell=1 value=1 seq=114..115
        12020  atomic load cell=1 value=1 seq=111..115
        12021  process node=7 seq=113..115`),
    ).toEqual(['spin-wait warning proven 0/n7 ×1']);
  });

  test('when the thread was interrupted before its first looks were told, and the call began then', () => {
    const call = (enter: number): string => `${SHARED}
        1000   process node=7 seq=101..101 times=3
        10000  atomic load  cell=1 value=0 seq=109..109
        20000  atomic loads cell=1 value=0 count=4 seq=109..112
        20100  atomic loads cell=1 value=0 count=4000 seq=113..114
        30000  @audio atomic store cell=1 value=1 seq=116..117
        30001  atomic load cell=1 value=1 seq=117..117
        30002  process node=7 seq=${enter}..117`;
    expect(spins(call(115))).toEqual(['spin-wait warning proven 0/n7 ×1']);
    // In flight when the loop began: to wait that out is right.
    expect(spins(call(113))).toEqual([]);
  });

  test('when it went on in vain for a quantum, while calls came or not', () => {
    expect(
      spins(`${SHARED}
        1000   process node=7 seq=101..101 times=3
        ${loop(10000, 20000, 111)}
        31000  process node=7 seq=113..113`),
    ).toEqual(['spin-wait warning likely 0/n7 ×1']);
  });

  test('as an error where the context was known to stand still', () => {
    expect(
      spins(`${SHARED}
        1000   process node=7 seq=101..101 times=3
        9000   contextState context=1 state=suspended seq=110
        ${loop(10000, 20000, 111)}`),
    ).toEqual(['spin-wait error proven 0/n7 ×1']);
  });

  test('when the loop outlasts the call that was in flight', () => {
    expect(
      spins(`${SHARED}
        10000  process node=7 seq=111..115 duration=1000
        ${loop(10000, 20000, 113)}
        31000  process node=7 seq=117..117`),
    ).toEqual(['spin-wait warning likely 0/n7 ×1']);
  });
});

describe('spin-wait is silent', () => {
  test('about waiting out the call in flight, however long that takes', () => {
    expect(
      spins(`${SHARED}
        10000  @audio atomic store cell=1 value=1 seq=112..113
        ${loop(11000, 9000, 113, 1)}
        20000  @audio atomic store cell=1 value=0 seq=114..115
        20001  atomic load cell=1 value=0 seq=115..115
        20002  process node=7 seq=111..115 frame=480 duration=10000`),
    ).toEqual([]);
  });

  test('while it cannot be told yet whether a call is in flight', () => {
    expect(
      spins(`${SHARED}
        1000   process node=7 seq=101..101 times=3
        ${loop(10000, 20000, 111, 1)}`),
    ).toEqual([]);
  });

  test('about what ends by another thread, or may be ended by one', () => {
    const worker = `
      4  workerCreated worker=1
      4  passed   end=103 message=1 what=memory local=1
      4  portSent end=103
      5  @w1 arrived end=1 message=1 what=memory local=1
      5  @w1 portReceived end=1
      5  @w1 cellSeen cell=1 memory=1 offset=0`;
    expect(
      spins(`${SHARED}${worker}
        ${loop(10000, 20000, 111)}
        30000  @w1 atomic store cell=1 value=1 seq=112..113
        30001  atomic load cell=1 value=1 seq=113..113
        31000  process node=7 seq=115..115`),
    ).toEqual([]);
    expect(
      spins(`${SHARED}${worker}
        ${loop(10000, 20000, 111)}
        31000  process node=7 seq=113..113`),
    ).toEqual([]);
  });

  test('about a cell that is looked at now and then', () => {
    const looks = Array.from(
      { length: 8 },
      (_, i) =>
        `${10000 + (i + 1) * 1e6}  atomic loads cell=1 value=0 count=600 seq=${111 + i}..${111 + i}`,
    );
    expect(
      spins(`${SHARED}
        10000  atomic load cell=1 value=0 seq=111..111
        ${looks.join('\n')}
        9000000  process node=7 seq=133..133`),
    ).toEqual([]);
  });

  test('about fewer looks than count as a loop', () => {
    expect(
      spins(`${SHARED}
        10000  atomic load  cell=1 value=0 seq=111..111
        14000  atomic loads cell=1 value=0 count=30 seq=111..111
        31000  process node=7 seq=113..113`),
    ).toEqual([]);
  });
});

test('it says who spun, for how long, and on what', () => {
  const [finding] = judge(
    sessionOf(`${SHARED}
      9000   contextState context=1 state=suspended seq=110
      ${loop(10000, 20000, 111)}`),
  );
  expect(finding?.message).toBe(
    'page spun for the next process() of noise #7: 8000 looks at the cell at offset 0 in 20 ms, and what it waited for did not come, while AudioContext #1 did not run.',
  );
});
