import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DocumentFacts } from '../../../src/analysis/model.ts';
import { readSession } from '../../support/panel-session.ts';
import { type HostileBrowser, namesIn, noticesOf, openHostileBrowser } from './hostile-browser.ts';

interface Outcome {
  readonly [name: string]: unknown;
  /** What our code called of the page's, in the page and in the worklet's scope. */
  readonly page: readonly string[];
  readonly scopes: readonly { readonly seen: readonly string[]; readonly calls: Calls }[];
  readonly errors: readonly string[];
  readonly replaced: number;
}
type Calls = { readonly [name: string]: number };

/** Names that descriptors, iterators, promises and lists are asked for. */
const ALWAYS = ['get', 'set', 'value', 'writable', 'enumerable', 'configurable', 'then', 'done'];
const INDEXES = ['next', '0', '1', '2', '3'];

let hostile: HostileBrowser;
let names: string;

beforeAll(async () => {
  hostile = await openHostileBrowser(['--js-flags=--expose-gc']);
  const ours = ['injected.js', 'late.js', 'worklet.js'].flatMap(namesIn);
  const all = new Set([...ours, ...ALWAYS, ...INDEXES]);
  names = encodeURIComponent([...all].join(','));
});
afterAll(() => hostile?.[Symbol.asyncDispose]());

const callsOf = ({ contexts }: DocumentFacts): readonly (readonly number[])[] =>
  [...contexts.values()]
    .filter(({ kind }) => kind === 'offline')
    .map(({ nodes }) => nodes.map(({ calls }) => calls.length));

const OFFLINE_CALLS = [400, 400, 400, 1, 0];

test('records on in a page that has frozen every built-in', async () => {
  const { page, panel } = hostile;
  const outcome = await hostile.attack<Outcome>(`built-ins.html?when=frozen#${names}`);
  expect(outcome.errors).toEqual([]);
  expect(outcome.replaced).toBeGreaterThan(5000);
  const session = await readSession(panel);
  const document = session.documents.find(({ url }) => url === page.url());
  expect(document && callsOf(document)).toEqual([OFFLINE_CALLS]);
  expect(session.totals).toMatchObject({ lost: 0, dropped: 0 });
  expect(await noticesOf(panel)).toEqual([]);
});

test.each([
  ['before any audio', 'when=before', [OFFLINE_CALLS]],
  ['after audio was made', 'when=after', [OFFLINE_CALLS, OFFLINE_CALLS]],
  ['before any audio on an isolated page', 'when=before&isolated', [OFFLINE_CALLS]],
])(
  'calls nothing of a page that replaces every built-in %s, and misses nothing',
  async (_when, query, expected) => {
    const { page, panel } = hostile;
    const outcome = await hostile.attack<Outcome>(`built-ins.html?${query}#${names}`);
    expect(outcome.errors).toEqual([]);
    expect(outcome.replaced).toBeGreaterThan(5000);
    expect(outcome.page).toEqual([]);
    expect(outcome.scopes.map(({ seen }) => seen)).toEqual([[]]);
    expect(outcome.scopes.map(({ calls }) => Object.values(calls))).toEqual([[400, 400, 400, 1]]);

    const session = await readSession(panel);
    const [document] = session.documents.filter(({ url }) => url === page.url());
    if (!document) throw new Error('the panel knows no such document');
    expect(callsOf(document)).toEqual(expected);
    expect(session.totals).toMatchObject({ lost: 0, dropped: 0 });
    expect(await noticesOf(panel)).toEqual([]);
  },
);
