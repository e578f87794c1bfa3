import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { HandOver } from '../../../src/injected/hand-over.ts';
import { type Late, LatePart } from '../../../src/injected/late-part.ts';
import type { Order } from '../../../src/injected/order.ts';
import type { PageRealm } from '../../../src/injected/page-realm.ts';
import { Recorder } from '../../../src/injected/recorder.ts';
import * as LIMITS from '../../../src/shared/limits.ts';
import type { Command } from '../../../src/shared/messages.ts';
import { DEFAULT_SETTINGS } from '../../../src/shared/settings.ts';

/** Gives what it finds in the hand-over as the late part. */
const LATE = 'export default (shared) => (early) => early.become(shared);';

let folder: string;
let said: string[];
let now: number;
let recorder: Recorder;
let late: LatePart;
let timeIsUp: (() => void) | undefined;
let waitsForSettings: boolean;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lifeline-late-'));
  said = [];
  now = 1;
  let place = 0;
  const order = { next: () => (place += 2) } as unknown as Order;
  recorder = new Recorder({
    realm: { now: () => now } as PageRealm,
    order,
    ownUrl: 'none',
    begins: () => said.push('begins'),
    fault: (message) => said.push(`fault: ${message.split('\n')[0]}`),
  });
  const channel = {
    base: `${pathToFileURL(folder)}/`,
    send: (message: object) => said.push(JSON.stringify(message)),
    listen: () => undefined,
  };
  waitsForSettings = false;
  const after = (_: number, run: () => void): void => {
    timeIsUp = run;
    if (!waitsForSettings) run();
  };
  const handOver = { become, realm: { after } } as unknown as HandOver;
  late = new LatePart(channel, recorder, () => handOver);
});
afterEach(() => rmSync(folder, { recursive: true }));

function become(shared: readonly object[]): Late {
  said.push(`late part with ${shared.length} modules`);
  return {
    obey: (command) => said.push(command.kind),
    pass: () => undefined,
    takeOver() {
      const dropped = recorder.handOver((name, seq, at) => said.push(`${name} ${seq} ${at}`));
      if (dropped > 0) said.push(`${dropped} dropped`);
    },
  } as Partial<Late> as Late;
}

const put = (): void => writeFileSync(join(folder, 'late.js'), LATE);
const mark = (): void => recorder.record('mark', { text: '' });
const COMMANDS = {
  watch: { kind: 'watch', from: 1 },
  unwatch: { kind: 'unwatch' },
  flush: { kind: 'flush', id: 7 },
  pause: { kind: 'configure', settings: { ...DEFAULT_SETTINGS, recording: false } },
  go: { kind: 'configure', settings: DEFAULT_SETTINGS },
} as const satisfies Record<string, Command>;

test('what was recorded meanwhile is taken over, with its places and times', async () => {
  put();
  now = 5;
  mark();
  recorder.later(() => said.push('promised'));
  now = 8;
  mark();
  await late.load();
  now = 9;
  recorder.later(() => said.push('at once'));
  mark();
  expect(said).toEqual([
    'begins',
    'late part with 2 modules',
    'mark 2 5',
    'mark 4 8',
    'promised',
    'at once',
    'mark 6 9',
  ]);
  expect(recorder.waiting.size).toBe(0);
});

test('it is fetched once', async () => {
  put();
  await Promise.all([late.load(), late.load()]);
  await late.load();
  expect(said).toEqual(['late part with 2 modules']);
});

test('a page that has recorded nothing answers a flush, and fetches nothing for a panel', async () => {
  late.hear(COMMANDS.watch);
  late.hear(COMMANDS.flush);
  await new Promise((done) => setTimeout(done, 50));
  expect(said).toEqual(['{"kind":"flushed","id":7}']);
});

test('commands wait, those that undo each other only the last of them', async () => {
  put();
  late.hear(COMMANDS.unwatch);
  mark();
  late.hear(COMMANDS.watch);
  late.hear(COMMANDS.flush);
  late.hear(COMMANDS.pause);
  late.hear(COMMANDS.go);
  await late.load();
  late.hear(COMMANDS.unwatch);
  expect(said).toEqual([
    'begins',
    'late part with 2 modules',
    'mark 2 1',
    'watch',
    'flush',
    'configure',
    'unwatch',
  ]);
});

test('a panel that watches has what waits fetched', async () => {
  put();
  mark();
  late.hear(COMMANDS.watch);
  await expect.poll(() => said.at(-1)).toBe('watch');
});

test('a pause holds from the moment it is said', async () => {
  put();
  late.hear(COMMANDS.pause);
  mark();
  mark();
  late.hear(COMMANDS.go);
  now = 3;
  mark();
  await late.load();
  expect(said).toEqual(['begins', 'late part with 2 modules', 'mark 6 3', 'configure']);
  expect(recorder.resume()).toBe(2);
});

test('where it cannot be had that is told, and it is tried again when it is needed again', async () => {
  mark();
  await late.load();
  expect(said).toEqual(['begins', expect.stringContaining('fault: ')]);
  expect(late.part).toBeUndefined();
  put();
  await late.load();
  expect(said.slice(2)).toEqual(['late part with 2 modules', 'mark 2 1']);
});

test('no more is kept than may be, and the rest is counted', async () => {
  put();
  for (let i = 0; i < LIMITS.earlyRecords + 3; i++) mark();
  expect(recorder.waiting.size).toBe(LIMITS.earlyRecords);
  await late.load();
  expect(said.filter((each) => each.startsWith('mark'))).toHaveLength(LIMITS.earlyRecords);
  expect(said.at(-1)).toBe('3 dropped');
});

test('who waits for it goes on only when the settings are known, or do not come', async () => {
  put();
  waitsForSettings = true;
  const load = (): Promise<void> => {
    const loaded = late.load().then(() => {
      said.push('loaded');
    });
    return Promise.race([loaded, new Promise<void>((done) => setTimeout(done, 300))]);
  };
  await load();
  expect(late.part).toBeDefined();
  expect(said).not.toContain('loaded');
  late.hear(COMMANDS.go);
  await load();
  expect(said.indexOf('loaded')).toBeGreaterThan(said.indexOf('configure'));
  timeIsUp?.();
});

test('settings that were heard before it came are not waited for', async () => {
  put();
  waitsForSettings = true;
  mark();
  late.hear(COMMANDS.go);
  await late.load();
  expect(said).toContain('configure');
});
