import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ApplyTrap, constructAs, type Native, Patches } from '../../../src/base/patch.ts';

class Speaker {
  word = 'hi';

  say(loud: boolean, _more?: unknown): string {
    return loud ? this.word.toUpperCase() : this.word;
  }

  get volume(): number {
    return this.word.length;
  }
}

const realm: { Speaker: typeof Speaker } = { Speaker };
const PLACES = [
  [Speaker.prototype, 'say'],
  [Speaker.prototype, 'volume'],
  [Speaker.prototype, 'constructor'],
  [realm, 'Speaker'],
  [Function.prototype, 'toString'],
] as const;

let patches: Patches;
let seen: string[];
const bare = PLACES.map(([owner, key]) => Object.getOwnPropertyDescriptor(owner, key));

beforeEach(() => {
  seen = [];
  patches = new Patches();
  patches.method(Speaker.prototype, 'say', (native, self, args) => {
    seen.push('say');
    return Reflect.apply(native, self, args);
  });
  const volume: ApplyTrap = (native, self) => {
    seen.push('volume');
    return Reflect.apply(native, self, []);
  };
  patches.method(Speaker.prototype, 'volume', volume, 'get');
  patches.constructible(realm, 'Speaker', (native, args, newTarget) => {
    seen.push('new');
    return constructAs(native, args, newTarget);
  });
});
afterEach(() => patches[Symbol.dispose]());

test('what is patched is seen, and answers as before', () => {
  const speaker = new realm.Speaker();
  expect([speaker.say(true), speaker.volume]).toEqual(['HI', 2]);
  expect(seen).toEqual(['new', 'say', 'volume']);
});

test('a patched function keeps name, length, source text and its other attributes', () => {
  PLACES.forEach(([owner, key], i) => {
    const now = Object.getOwnPropertyDescriptor(owner, key);
    const then = bare[i];
    const functionNow = (now?.value ?? now?.get) as Native;
    const functionThen = (then?.value ?? then?.get) as Native;
    expect(functionNow, key).not.toBe(functionThen);
    expect([functionNow.name, functionNow.length]).toEqual([
      functionThen.name,
      functionThen.length,
    ]);
    expect(Function.prototype.toString.call(functionNow)).toBe(String(functionThen));
    expect({ ...now, value: 0, get: 0 }).toEqual({ ...then, value: 0, get: 0 });
  });
});

test('a patched class is still one class: instances, subclasses, new.target and prototype', () => {
  class Loud extends realm.Speaker {}
  const loud = new Loud();
  expect(loud).toBeInstanceOf(Speaker);
  expect(loud).toBeInstanceOf(realm.Speaker);
  expect(Object.getPrototypeOf(loud)).toBe(Loud.prototype);
  expect(realm.Speaker.prototype).toBe(Speaker.prototype);
  expect(new realm.Speaker().constructor).toBe(realm.Speaker);
  expect(() => (realm.Speaker as unknown as () => void)()).toThrow(TypeError);
});

test('an exception of the native function passes through untouched', () => {
  expect(() => Speaker.prototype.say.call(undefined as never, true)).toThrow(TypeError);
});

test('what is not there is left alone', () => {
  patches.method(Speaker.prototype, 'shout', () => 'no');
  patches.method(Speaker.prototype, 'say', () => 'no', 'get');
  expect('shout' in Speaker.prototype).toBe(false);
  expect(new Speaker().say(false)).toBe('hi');
});

test('dispose restores the very descriptors, and kept patches call straight through', () => {
  const kept = Speaker.prototype.say;
  patches[Symbol.dispose]();
  PLACES.forEach(([owner, key], i) => {
    expect(Object.getOwnPropertyDescriptor(owner, key), key).toEqual(bare[i]);
  });
  expect(kept.call(new Speaker(), true)).toBe('HI');
  expect(seen).toEqual([]);
});

test('dispose leaves alone what the page has put in place of a patch', () => {
  const own = () => 'mine';
  Speaker.prototype.say = own;
  patches[Symbol.dispose]();
  expect(Speaker.prototype.say).toBe(own);
  Object.defineProperty(Speaker.prototype, 'say', bare[0] ?? {});
});
