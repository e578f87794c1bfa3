import { expect, test } from 'vitest';
import type { SessionInput } from '../../../src/analysis/session-input.ts';
import { PageLink } from '../../../src/panel/page-link.ts';
import type { Command, FrameMessage, FrameOrigin } from '../../../src/shared/messages.ts';
import { DEFAULT_SETTINGS } from '../../../src/shared/settings.ts';

interface Sent {
  readonly command: Command;
  readonly document: string | undefined;
}

function connected() {
  const sent: Sent[] = [];
  const inputs: SessionInput[] = [];
  const transfers: ArrayBuffer[] = [];
  const faults: string[] = [];
  let unreachable: ReadonlyMap<string, string> = new Map();
  let documents: ReadonlySet<string> = new Set();
  const link = new PageLink({
    send: (command, document) => sent.push({ command, document }),
    ingest: (more, transfer) => {
      inputs.push(...more);
      transfers.push(...transfer);
    },
    settings: () => ({ ...DEFAULT_SETTINGS, fineClock: true }),
    onDocuments: (now) => {
      documents = now;
    },
    onUnreachable: (now) => {
      unreachable = now;
    },
    onFault: (message) => faults.push(message),
  });
  const say = (document: string, message: FrameMessage): void => {
    const origin: FrameOrigin = { document, frameId: 0, parentFrameId: -1, url: 'https://a.test/' };
    link.receive({ kind: 'frame', origin, message });
  };
  const hello = (document: string): void =>
    say(document, { kind: 'hello', protocol: 1, timeOrigin: 1.7e15, isolated: true });
  return {
    link,
    sent,
    inputs,
    transfers,
    faults,
    say,
    hello,
    unreachable: () => unreachable,
    documents: () => documents,
  };
}

test('a document that says hello is given the settings and joins the session', () => {
  const page = connected();
  page.hello('d1');
  expect(page.inputs).toMatchObject([{ kind: 'document', timeOrigin: 1.7e15, isolated: true }]);
  expect(page.sent).toEqual([
    {
      command: { kind: 'configure', settings: { ...DEFAULT_SETTINGS, fineClock: true } },
      document: 'd1',
    },
  ]);
  expect([...page.documents()]).toEqual(['d1']);
});

test('the bytes of a chunk are handed on, not copied', () => {
  const page = connected();
  const bytes = new Uint8Array(16);
  page.say('d1', { kind: 'chunk', number: 1, thread: 2, form: 'slots', bytes });
  expect(page.transfers).toEqual([bytes.buffer]);
  expect(page.inputs).toEqual([
    { kind: 'chunk', document: 'd1', chunk: { number: 1, thread: 2, form: 'slots', bytes } },
  ]);
});

test('a flush is complete when every document has answered', async () => {
  const page = connected();
  page.hello('d1');
  page.hello('d2');
  const flush = page.link.flush(5000);
  const asked = page.sent.filter(({ command }) => command.kind === 'flush');
  expect(asked.map(({ document }) => document)).toEqual(['d1', 'd2']);
  const id = asked[0]?.command.kind === 'flush' ? asked[0].command.id : 0;
  page.say('d1', { kind: 'flushed', id });
  page.say('d2', { kind: 'flushed', id });
  expect(await flush).toBe(true);
});

test('a document that goes away is not waited for', async () => {
  const page = connected();
  page.hello('d1');
  const flush = page.link.flush(5000);
  page.link.receive({ kind: 'frame-gone', document: 'd1' });
  expect(await flush).toBe(true);
  expect(page.inputs.at(-1)).toEqual({ kind: 'gone', document: 'd1' });
});

test('an answer to another flush does not count, and time runs out', async () => {
  const page = connected();
  page.hello('d1');
  const flush = page.link.flush(30);
  page.say('d1', { kind: 'flushed', id: 999 });
  expect(await flush).toBe(false);
});

test('with no document yet a flush waits for the first one', async () => {
  const page = connected();
  const flush = page.link.flush(5000);
  page.hello('d1');
  await Promise.resolve();
  await new Promise((resolve) => setTimeout(resolve, 0));
  const asked = page.sent.find(({ command }) => command.kind === 'flush')?.command;
  page.say('d1', { kind: 'flushed', id: asked?.kind === 'flush' ? asked.id : 0 });
  expect(await flush).toBe(true);
  expect(await connected().link.flush(20)).toBe(false);
});

test('what cannot be watched is told with its reason, until it is gone', () => {
  const page = connected();
  page.say('d1', { kind: 'unreachable', reason: 'sandboxed' });
  expect([...page.unreachable()]).toEqual([['d1', 'sandboxed']]);
  page.link.receive({ kind: 'frame-gone', document: 'd1' });
  expect(page.unreachable().size).toBe(0);
});

test('a fault in a page is told with its address', () => {
  const page = connected();
  page.say('d1', { kind: 'fault', message: 'oops' });
  expect(page.faults).toEqual(['https://a.test/: oops']);
});
