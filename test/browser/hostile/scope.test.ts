import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser, type TestBrowser } from '../../support/browser.ts';
import { readSession } from '../../support/panel-session.ts';
import { type HostileBrowser, noticesOf, openHostileBrowser, resultOf } from './hostile-browser.ts';

interface Outcomes {
  readonly [name: string]: unknown;
  /** What came of each odd processor: what it said, whether it failed, what it wrote. */
  readonly outcomes: readonly { readonly name: string }[];
}

let hostile: HostileBrowser;
let bare: TestBrowser;

beforeAll(async () => {
  hostile = await openHostileBrowser();
  bare = await launchBrowser({ extension: false });
});
afterAll(async () => {
  await bare?.close();
  await hostile?.[Symbol.asyncDispose]();
});

test('processors that are none fare as they would without us, and their calls are counted', async () => {
  await bare.page.goto(`${hostile.server.origin}/hostile/scope.html`);
  const { outcomes } = await resultOf<Outcomes>(bare.page);
  expect(outcomes.length).toBeGreaterThan(30);
  for (const query of ['', '?isolated']) {
    const observed = await hostile.attack<Outcomes>(`scope.html${query}`);
    for (const [i, outcome] of outcomes.entries()) expect(observed.outcomes[i]).toEqual(outcome);
    const session = await readSession(hostile.panel);
    const [document] = session.documents.filter(({ url }) => url === hostile.page.url());
    const [, ...contexts] = document?.contexts.values() ?? [];
    const recorded = contexts.flatMap(({ nodes }) => nodes);
    // Eight quanta each; a processor that fails, or answers anything but true, is called no more.
    const silenced = outcomes.map((each) => 'error' in each || each.name === 'returns a trap');
    expect(recorded.map(({ calls }) => calls.length < 8)).toEqual(silenced);
    for (const { processorName } of recorded) expect(processorName.length).toBeLessThanOrEqual(512);
    expect(session.totals).toMatchObject({ lost: 0, dropped: 0 });
  }
  expect(await noticesOf(hostile.panel)).toEqual([]);
});

test.each([
  ['', 'not isolated'],
  ['?isolated', 'isolated'],
])(
  'the name of our own processor is of no use to a page that finds it out (%s%s)',
  async (query) => {
    const stolen = await hostile.attack(`carrier.html${query}`);
    expect(stolen).toMatchObject({ named: true, leaks: [], refused: 'InvalidStateError' });
    expect(stolen).toMatchObject({ forged: 3, heard: 0, hits: [], calls: 200 });
    expect(stolen['written'] ?? false).toBe(false);
    const session = await readSession(hostile.panel);
    const [document] = session.documents.filter(({ url }) => url === hostile.page.url());
    const [first, second] = document?.contexts.values() ?? [];
    expect(first?.nodes.map(({ calls }) => calls.length)).toEqual([200, 0, 0, 0]);
    expect(second?.nodes.map(({ calls }) => calls.length)).toEqual([200, 200]);
    expect(session.totals).toMatchObject({ lost: 0, dropped: 0 });
    expect(await noticesOf(hostile.panel)).toEqual([]);
  },
);
