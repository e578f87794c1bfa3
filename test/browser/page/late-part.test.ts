import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseAst } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EXTENSION } from '../../support/browser.ts';
import { EXTENSION_ID, launchPageBrowser, type PageBrowser } from './observed-page.ts';

const FILES = {
  '/plain.js': 'registerProcessor("plain", class extends AudioWorkletProcessor {});',
};

let bare: PageBrowser;
let observed: PageBrowser;
beforeAll(async () => {
  bare = await launchPageBrowser({ files: FILES, extension: false });
  observed = await launchPageBrowser({ files: FILES });
});
afterAll(async () => {
  await observed?.close();
  await bare?.close();
});

test('what is loaded late leaves no trace in the page', async () => {
  const seen = await Promise.all(
    [bare, observed].map(async ({ origin, open }) => {
      const { page, close } = await open('/?isolated');
      const traces = await page.evaluate(async () => {
        const changes: string[] = [];
        new MutationObserver((records) => {
          for (const { type, target } of records) changes.push(`${type} of ${target.nodeName}`);
        }).observe(document, { subtree: true, childList: true, attributes: true });
        const timed: string[] = [];
        const observer = new PerformanceObserver((list) => {
          for (const { entryType, name } of list.getEntries()) timed.push(`${entryType} ${name}`);
        });
        observer.observe({ entryTypes: ['resource', 'script', 'navigation'] });
        const before = Object.getOwnPropertyNames(globalThis);
        const context = new AudioContext();
        await context.audioWorklet.addModule('/plain.js');
        new AudioWorkletNode(context, 'plain').connect(context.destination);
        await new Promise((done) => setTimeout(done, 200));
        return {
          changes,
          timed,
          buffered: performance.getEntriesByType('resource').map(({ name }) => name),
          globals: Object.getOwnPropertyNames(globalThis).filter((each) => !before.includes(each)),
          scripts: document.scripts.length,
        };
      });
      await close();
      return JSON.parse(JSON.stringify(traces).replaceAll(origin, 'http://page'));
    }),
  );
  expect(seen[1]).toEqual(seen[0]);
  expect(seen[1]).toMatchObject({ changes: [], globals: [] });
});

test('a function that the page has wrapped meanwhile stays the page’s, and is still seen through', async () => {
  const { page, recorded, close } = await observed.open('/?isolated');
  const outcome = await page.evaluate(async () => {
    const calls: string[] = [];
    const wrap = (owner: object, name: string): (() => boolean) => {
      const inner = (owner as { [name: string]: (...args: unknown[]) => unknown })[name];
      const wrapper = function (this: unknown, ...args: unknown[]): unknown {
        calls.push(name);
        return inner?.apply(this, args);
      };
      Object.assign(owner, { [name]: wrapper });
      return () => Object.getOwnPropertyDescriptor(owner, name)?.value === wrapper;
    };
    const context = new OfflineAudioContext(1, 1280, 48_000);
    const kept = [
      wrap(AudioNode.prototype, 'connect'),
      wrap(AudioNode.prototype, 'disconnect'),
      wrap(MessagePort.prototype, 'postMessage'),
      wrap(MessagePort.prototype, 'close'),
    ];
    const Native = AudioWorkletNode;
    class Wrapped extends Native {}
    globalThis.AudioWorkletNode = Wrapped;
    await context.audioWorklet.addModule('/plain.js');
    const node = new AudioWorkletNode(context, 'plain');
    node.connect(context.destination);
    node.port.postMessage(1);
    node.disconnect();
    node.port.close();
    return {
      calls,
      kept: kept.map((is) => is()),
      isWrapped: globalThis.AudioWorkletNode === Wrapped && node.constructor === Wrapped,
    };
  });
  expect(outcome).toEqual({
    calls: ['connect', 'postMessage', 'disconnect', 'close'],
    kept: [true, true, true, true],
    isWrapped: true,
  });
  const seen = await recorded();
  expect(seen.of('nodeCreated').map(({ className }) => className)).toEqual(['Wrapped']);
  expect(seen.of('connected')).toHaveLength(1);
  expect(seen.of('disconnected')).toHaveLength(1);
  expect(seen.of('messageSent')).toHaveLength(1);
  expect(seen.of('portClosed')).toHaveLength(1);
  await close();
});

test('what happens before it has come is told, in order', async () => {
  const { page, recorded, close } = await observed.open('/?isolated');
  await page.evaluate(async () => {
    const { __lifeline__ } = globalThis as unknown as {
      __lifeline__: { alloc(...args: unknown[]): void; free(...args: unknown[]): void };
    };
    const memory = new SharedArrayBuffer(64);
    performance.mark('lifeline:first');
    const context = new OfflineAudioContext(1, 128, 48_000);
    __lifeline__.alloc(memory, 0, 8, 'early');
    try {
      new AudioWorkletNode(context, 'nobody');
    } catch {
      performance.mark('lifeline:refused');
    }
    performance.mark('lifeline:destroy:nobody');
    __lifeline__.free(memory, 0);
    await context.startRendering();
  });
  const { records } = await recorded();
  const inOrder = [...records].sort((a, b) => a.seq - b.seq).map(({ record }) => record);
  const told = inOrder.filter((each) => each !== 'memorySeen');
  expect(told.slice(0, told.indexOf('contextCall') + 1)).toEqual([
    'mark',
    'threadStarted',
    'contextCreated',
    'blockAllocated',
    'nodeRefused',
    'mark',
    'mark',
    'blockFreed',
    'contextCall',
  ]);
  await close();
});

test('a page that imports it gains nothing', async () => {
  const { page, close } = await observed.open('/?isolated');
  const exported = await page.evaluate(`import('chrome-extension://${EXTENSION_ID}/late.js').then(
    (module) => {
      const names = Object.keys(module);
      try {
        return { names, result: typeof module.default([]) };
      } catch ({ name }) {
        return { names, threw: name };
      }
    })`);
  expect(exported).toEqual({ names: ['default'], threw: 'TypeError' });
  await close();
});

test.each(['late.js', 'wasm.js', 'worker-wasm.js'])(
  '%s names no global, for those are the page’s by then',
  async (file) => {
    const { page, close } = await bare.open('/?isolated');
    const globals = await page.evaluate(() => Object.getOwnPropertyNames(globalThis));
    await close();
    const named = namesIn(parseAst(readFileSync(resolve(EXTENSION, file), 'utf8')));
    expect(globals).toContain('Map');
    expect([...new Set(named.filter((each) => globals.includes(each)))]).toEqual([]);
  },
);

/** Every identifier below `node` that is neither a member nor a key. */
function namesIn(node: unknown): readonly string[] {
  if (Array.isArray(node)) return node.flatMap(namesIn);
  if (typeof node !== 'object' || node === null) return [];
  const { type, name, computed } = node as Record<string, unknown>;
  if (type === 'Identifier') return [`${name}`];
  return Object.entries(node).flatMap(([key, value]) =>
    !computed && (key === 'property' || key === 'key') ? [] : namesIn(value),
  );
}
