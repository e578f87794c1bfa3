import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readModule } from '../../src/wasm/read-module.ts';
import { PAGES } from '../support/server.ts';
import { Visitor } from '../support/visit.ts';
import '../support/wasm-engine.ts';

let visitor: Visitor;
beforeAll(async () => {
  visitor = await Visitor.open();
});
afterAll(async () => {
  await visitor?.[Symbol.asyncDispose]();
});

/** Index of an exported function in a program as it was built. */
function exported(file: string, name: string): number {
  const module = readModule(new Uint8Array(readFileSync(resolve(PAGES, 'programs', file))));
  if (!module.ok) throw new Error(module.error.reason);
  const { exports } = module.value;
  for (let i = 0; i < exports.length; i++) {
    if (exports.at(i).name === name) return exports.at(i).index;
  }
  throw new Error(`${file} exports no ${name}`);
}

test('a block of a stripped program has the stacks of its allocation and its free, in the program’s own numbers', async () => {
  const path = 'wrong/heap-block-handed-to-next-voice.html?isolated';
  const { findings } = await visitor.visit(path, 'heap');
  const found = findings.find(({ rule }) => rule === 'dangling-user-data');
  const file = 'voices.dlmalloc.min.wasm';
  const frame = (letter: string) => `wasm-function[${exported(file, letter)}]`;
  // voice_new and voice_delete
  for (const [role, letter] of [
    ['allocate', 'c'],
    ['free', 'd'],
  ] as const) {
    const stack = found?.stacks[role]?.join('\n');
    expect(stack).toContain(frame(letter));
    expect(stack).toContain('heap-block-handed-to-next-voice.html');
    expect(stack).not.toContain('chrome-extension');
  }
});

test('the handle of a fetch that was not closed has the stacks of its allocation and of the close', async () => {
  const path = 'wrong/fetch-closed-without-id.html?isolated';
  const { findings } = await visitor.visit(path, 'heap');
  const found = findings.find(({ rule }) => rule === 'fetch-handle-leak');
  const file = 'fetches.dlmalloc.min.wasm';
  // fetch_new and fetch_close
  for (const [role, letter] of [
    ['allocate', 'd'],
    ['close', 'g'],
  ] as const) {
    const stack = found?.stacks[role]?.join('\n');
    expect(stack).toContain(`wasm-function[${exported(file, letter)}]`);
    expect(stack).toContain('fetch-closed-without-id.html');
  }
  expect(found?.message).toContain('of kick.wav');
});

test('that the allocator of a program was not found is said', async () => {
  const { session } = await visitor.visit('wrong/allocator-not-found.html?isolated', 'heap');
  expect(session.coverage.join('\n')).toContain('its allocator was not found');
});

test.each([
  [
    'wrong/pending-calls-with-payloads.html?isolated',
    /: 3 messages \(\{_wsc: \d+, x: \[\d+\]\}\) had not been handled when main called terminate\(\)\. 3 blocks \(3084 bytes\) that went along have not been freed: malloc #\d, malloc #\d, malloc #\d\.$/,
  ],
  [
    'wrong/mail-to-nobody.html?isolated',
    /: 5 messages \(\{_wsc: \d+, x: \[\d+\]\}\) were posted to a worker after it was terminated\. 5 blocks \(5140 bytes\) that went along have not been freed: malloc #\d, malloc #\d, malloc #\d and 2 more\.$/,
  ],
])(
  'blocks that went with calls which never run are named, with the stack of their allocation: %s',
  async (path, message) => {
    const { findings } = await visitor.visit(path, 'heap');
    expect(findings.map((each) => each.message)).toEqual([expect.stringMatching(message)]);
    const allocate = findings[0]?.stacks['allocate']?.join('\n');
    // post_payload
    expect(allocate).toContain(`wasm-function[${exported('mailbox.dlmalloc.min.wasm', 'j')}]`);
    expect(allocate).toContain(path.replace(/\?.*/, ''));
  },
);
