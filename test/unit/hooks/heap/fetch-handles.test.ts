import { beforeEach, describe, expect, test } from 'vitest';
import { type EndedFetch, FetchHandles } from '../../../../src/hooks/heap/fetch-handles.ts';

const AT = 512;
const URL_AT = 1024;
const SIZE = 208;
const REFUSED = -5;

let memory: Uint8Array;
let blocks: Set<number>;
let handles: FetchHandles;

function text(at: number, what: string): void {
  memory.set(new TextEncoder().encode(`${what}\0`), at);
}

function u32(at: number, value: number): void {
  new DataView(memory.buffer).setUint32(at, value, true);
}

/** A handle as `emscripten_fetch()` fills it. */
function writeHandle(state: number, { id = 0, method = 'GET', statusText = 'OK' } = {}): void {
  u32(AT, id);
  u32(AT + 8, URL_AT);
  u32(AT + 16, 1000);
  memory[AT + 40] = state;
  memory[AT + 42] = 200;
  text(AT + 44, statusText);
  text(AT + 112, method);
  text(URL_AT, 'kick.wav');
}

function look(): readonly (readonly [number, EndedFetch])[] {
  const seen: [number, EndedFetch][] = [];
  handles.look(
    memory,
    (address) => blocks.has(address),
    (address, fetch) => seen.push([address, fetch]),
  );
  return seen;
}

function refused(address: number, result = REFUSED) {
  return handles.refused(memory, (each) => blocks.has(each), address, result);
}

beforeEach(() => {
  memory = new Uint8Array(4096);
  blocks = new Set([AT, URL_AT]);
  handles = new FetchHandles();
  handles.handedOut(AT, SIZE);
});

const FETCH = { id: 0, status: 200, bytes: 1000, url: 'kick.wav' };

describe('the handles of fetches', () => {
  test('are told once, when their request has ended', () => {
    writeHandle(1);
    expect(look()).toEqual([]);
    writeHandle(4);
    expect(look()).toEqual([[AT, FETCH]]);
    expect(look()).toEqual([]);
  });

  test('are waited for as long as they are there', () => {
    writeHandle(3);
    for (let i = 0; i < 10; i++) expect(look()).toEqual([]);
    blocks.delete(AT);
    expect(look()).toEqual([]);
    expect(handles.isWatching).toBe(false);
  });

  test.each([
    ['a state that there is not', () => writeHandle(5)],
    ['a method in small letters', () => writeHandle(4, { method: 'Get' })],
    ['neither method nor status', () => writeHandle(4, { method: '', statusText: '' })],
    ['a URL that is no block', () => blocks.delete(URL_AT)],
    ['a URL without an end', () => memory.fill(0x61, URL_AT)],
    ['an empty URL', () => text(URL_AT, '')],
  ])('have not %s', (_, change) => {
    writeHandle(4);
    change();
    expect(look()).toEqual([]);
    expect(refused(AT)).toBeUndefined();
    look();
    expect(handles.isWatching).toBe(false);
  });

  test('are of a certain size', () => {
    handles = new FetchHandles();
    handles.handedOut(AT, 64);
    handles.handedOut(AT, 512);
    expect(handles.isWatching).toBe(false);
  });

  test('lie in the memory wholly', () => {
    memory = memory.slice(0, AT + 100);
    blocks = new Set([AT, 8]);
    expect(look()).toEqual([]);
  });

  test('that were not closed are told then, if they had not been', () => {
    writeHandle(4);
    expect(refused(AT)).toEqual({ fetch: FETCH, isTold: false });
    expect(refused(AT)).toEqual({ fetch: FETCH, isTold: true });
    expect(look()).toEqual([]);
  });

  test('that were closed, or are none, are nothing to tell', () => {
    writeHandle(4, { id: 1 });
    expect(refused(AT, 0)).toBeUndefined();
    expect(refused(AT + 8)).toBeUndefined();
  });
});
