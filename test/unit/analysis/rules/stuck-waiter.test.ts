import { describe, expect, test } from 'vitest';
import { judge } from '../../../../src/analysis/judge.ts';
import { lineOf, sessionOf } from '../../../support/text-records.ts';

function stuck(text: string): readonly string[] {
  return judge(sessionOf(text))
    .filter(({ rule }) => rule === 'stuck-waiter')
    .map(lineOf);
}

/** Cell 1 of a memory that the page gave to node 7 and to a worker, which waits on it. */
const WAITING = `
  0  nodeCreated  node=7 memory=shared
  0  memorySeen   memory=1 bytes=64
  0  passed       end=14 message=0 what=memory local=1
  1  @audio arrived end=2 message=0 what=memory local=1
  2  @audio cellSeen cell=1 memory=1 offset=0
  4  workerCreated worker=1 name=filler
  4  passed   end=103 message=1 what=memory local=1
  4  portSent end=103
  5  @w1 arrived end=1 message=1 what=memory local=1
  5  @w1 portReceived end=1
  5  @w1 cellSeen cell=1 memory=1 offset=0
  6  @w1 atomic waitBegin cell=1 value=0 seq=61..61`;
const CLOSED = `
  1000000  contextCall     context=1 call=1 method=close
  1010000  contextSettled  context=1 call=1 method=close`;

describe('stuck-waiter fires', () => {
  test('when the context whose processor would wake it is closed', () => {
    expect(
      stuck(`${WAITING}${CLOSED}
      3000000  mark text=later`),
    ).toEqual(['stuck-waiter error likely 0/w0.1 ×1']);
  });

  test('when the processor that would wake it has thrown', () => {
    expect(
      stuck(`${WAITING}
        1000     processorConstructed ordinal=0
        1000000  processorFailed ordinal=0 reason="no"
        3000000  mark text=later`),
    ).toEqual(['stuck-waiter error likely 0/w0.1 ×1']);
  });
});

describe('stuck-waiter, of a processor that returned false', () => {
  const ended = (more: string) => `${WAITING}
    1000     contextState context=1 state=running
    1000     process node=7 times=10
    30000    process node=7 returned=false
    ${more}
    3000000  mark text=later`;

  test('fires once that was not called again for a while', () => {
    expect(stuck(ended(''))).toEqual(['stuck-waiter error likely 0/w0.1 ×1']);
  });

  test('is silent where it may be called again, because its context stands still', () => {
    expect(stuck(ended('31000 contextState context=1 state=suspended'))).toEqual([]);
  });

  test('is silent while it is called again and again', () => {
    expect(stuck(ended('2900000 process node=7 returned=false'))).toEqual([]);
  });
});

describe('stuck-waiter is silent', () => {
  test('while anybody is left who may wake it', () => {
    expect(
      stuck(`${WAITING}
      3000000  mark text=later`),
    ).toEqual([]);
  });

  test('once it was woken, or has ended itself', () => {
    expect(
      stuck(`${WAITING}${CLOSED}
        1020000  @w1 atomic waitOk cell=1 value=0 seq=81..83
        3000000  mark text=later`),
    ).toEqual([]);
    expect(
      stuck(`${WAITING}${CLOSED}
        1020000  workerEnded worker=1 how=terminated
        3000000  mark text=later`),
    ).toEqual([]);
  });

  test('about a page that has touched the cell, which may do so again', () => {
    expect(
      stuck(`${WAITING}
        900000   cellSeen cell=1 memory=1 offset=0
        900000   atomic notify cell=1 value=0
        ${CLOSED}
        3000000  mark text=later`),
    ).toEqual([]);
  });

  test('for the first quarter of a second', () => {
    const until = (at: number) =>
      stuck(`${WAITING}${CLOSED}
      ${at}  mark text=later`);
    expect(until(1259999)).toEqual([]);
    expect(until(1260000)).toHaveLength(1);
  });

  test('where records of the waiter were lost', () => {
    expect(
      stuck(`${WAITING}${CLOSED}
        1020000  lost thread=101 count=3 why=ring-full
        3000000  mark text=later`),
    ).toEqual([]);
  });
});

test('it says who waits, on what, and who has ended', () => {
  const [finding] = judge(
    sessionOf(`${WAITING}${CLOSED}
      3000000  mark text=later`),
  );
  expect(finding?.message).toBe(
    'filler #1 has been waiting for 3 s on a cell of shared memory #1 (offset 0, value 0), and nobody is left who would wake it: AudioContext #1 was closed.',
  );
});
