import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SessionInput } from '../../../src/analysis/session-input.ts';
import { ByteWriter } from '../../../src/base/byte-writer.ts';
import { encodeSessionFile, parseSessionFile } from '../../../src/export/session-file.ts';
import { readSession } from '../../support/panel-session.ts';
import { type HostileBrowser, noticesOf, openHostileBrowser, statusOf } from './hostile-browser.ts';

let hostile: HostileBrowser;
/** A real session, and what entered it. */
let real: Uint8Array<ArrayBuffer>;
let inputs: readonly SessionInput[];
let shown: string;

const MAGIC = [0x89, ...new TextEncoder().encode('LIFELINE'), 0x0d, 0x0a];

beforeAll(async () => {
  hostile = await openHostileBrowser();
  await hostile.attack('scope.html');
  await readSession(hostile.panel);
  shown = await statusOf(hostile.panel);
  const base64 = await hostile.panel.evaluate<string>('lifelinePanel.sessionBase64()');
  real = new Uint8Array(Buffer.from(base64, 'base64'));
  const parsed = parseSessionFile(real);
  if (!parsed.ok) throw new Error(parsed.error);
  inputs = parsed.value;
});
afterAll(() => hostile?.[Symbol.asyncDispose]());

test('refuses every forged file with a reason, and goes on showing what it showed', async () => {
  const { panel } = hostile;
  expect(shown).toMatch(/\d+ nodes · [\d ]+ calls/u);
  const files: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['empty', new Uint8Array(0), /not a Worklet Lifeline session/],
    ['text', Buffer.from('<script>globalThis.pwned=1</script>'), /not a Worklet Lifeline session/],
    ['magic', Uint8Array.from(MAGIC), /cut short/],
    ['newer', forged(99, '{}'), /newer Worklet Lifeline: file version 99/],
    ['older', forged(0, '{}'), /no such file version/],
    [
      'endless header',
      Uint8Array.from([...MAGIC, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
      /text of/,
    ],
    ['long header', Uint8Array.from([...MAGIC, 1, 0xff, 0xff, 0xff, 0x1f]), /cut short/],
    ['no JSON', forged(1, '{"inputs": ['), /header/],
    ['deep JSON', forged(1, '['.repeat(200_000)), /header|stack/],
    ['array', forged(1, '[]'), /not an object/],
    ['nothing', forged(1, '{}'), /no inputs/],
    ['prototype', forged(1, '{"__proto__": {"inputs": []}}'), /no inputs/],
    ['null', forged(1, '{"inputs": [null]}'), /input 0: not an object/],
    ['million', forged(1, `{"inputs": [${'0,'.repeat(1_000_000)}0]}`), /1000001 inputs/],
    ['nobody', forged(1, '{"inputs": [{"kind": "gone", "document": "x"}]}'), /never said hello/],
    ['kind', forged(1, '{"inputs": [{"kind": "evil", "document": "x"}]}'), /unknown kind/],
    ['short chunk', forged(1, header({ length: 200_000 })), /cut short/],
    ['huge chunk', forged(1, header({ length: 2 ** 40 })), /chunk: length/],
    ['negative chunk', forged(1, header({ length: -1 })), /chunk: length/],
    ['many', encodeSessionFile(manyDocuments(5000)), /more than 4096 documents/],
    ['bomb', gzipSync(Buffer.alloc(100_000_000)), /decompress it first/],
    ['tail', Buffer.concat([real, Buffer.from('more')]), /after the last chunk/],
    ['noise in chunks', encodeSessionFile(inputs.map(spoilt)), /unknown op|unexpected end|at byte/],
    ...[20, 1000, 0.5, 0.9, 0.999].map(
      (cut, i) =>
        [
          `cut ${i}`,
          real.slice(0, cut < 1 ? Math.floor(real.length * cut) : cut),
          /cut short|header/,
        ] as const,
    ),
  ];
  for (const [name, bytes, reason] of files) {
    await open(name, bytes);
    const refusal = new RegExp(`^${name}\\.lifeline .*(${reason.source})`);
    await expect.poll(() => lastNotice()).toMatch(refusal);
    expect((await lastNotice()).length).toBeLessThan(1000);
    expect(contentOf(await statusOf(panel))).toBe(contentOf(shown));
  }
  expect(await panel.evaluate('globalThis.pwned')).toBeUndefined();
}, 60_000);

/** What is shown, without the seconds, which go on while somebody watches. */
function contentOf(status: string): string {
  return status.replace(/[\d.]+ m?s\b/u, '');
}

test('opens the real file after all that', async () => {
  const { panel } = hostile;
  await open('<img src=x onerror=globalThis.pwned=1>', real);
  await expect
    .poll(() => statusOf(panel))
    .toContain('<img src=x onerror=globalThis.pwned=1>.lifeline');
  expect(await panel.evaluate('document.querySelectorAll("img").length')).toBe(0);
  expect(await panel.evaluate('globalThis.pwned')).toBeUndefined();
});

async function open(name: string, bytes: Uint8Array): Promise<void> {
  const file = { name: `${name}.lifeline`, mimeType: '', buffer: Buffer.from(bytes) };
  await hostile.panel.locator('input[type=file]').setInputFiles(file);
}

async function lastNotice(): Promise<string> {
  return (await noticesOf(hostile.panel)).at(-1) ?? '';
}

function forged(version: number, json: string): Uint8Array {
  const writer = new ByteWriter();
  for (const byte of MAGIC) writer.byte(byte);
  writer.uint(version);
  writer.text(json);
  while (writer.length % 4 !== 0) writer.byte(0);
  return writer.take();
}

const origin = { document: 'd', frameId: 0, parentFrameId: -1, url: 'https://example.org/' };

function header(chunk: { readonly length: number }): string {
  const document = { kind: 'document', origin, timeOrigin: 0, isolated: false };
  const rest = { kind: 'chunk', document: 'd', number: 1, thread: 0, form: 'records' };
  return JSON.stringify({ inputs: [document, { ...rest, ...chunk }] });
}

function manyDocuments(count: number): readonly SessionInput[] {
  return Array.from({ length: count }, (_, i) => ({
    kind: 'document',
    origin: { ...origin, document: `d${i}` },
    timeOrigin: 0,
    isolated: false,
  }));
}

function spoilt(input: SessionInput): SessionInput {
  if (input.kind !== 'chunk' || input.chunk.form !== 'records') return input;
  const bytes = input.chunk.bytes.map((byte, i) => (i % 3 === 0 ? byte ^ 0x55 : byte));
  return { ...input, chunk: { ...input.chunk, bytes } };
}
