import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchPageBrowser, type PageBrowser } from './observed-page.ts';
import { HANDLER_FILES, setAllHandlers } from './probes/set-handlers.ts';

let bare: PageBrowser;
let observed: PageBrowser;
beforeAll(async () => {
  bare = await launchPageBrowser({ files: HANDLER_FILES, extension: false });
  observed = await launchPageBrowser({ files: HANDLER_FILES });
});
afterAll(async () => {
  await observed?.close();
  await bare?.close();
});

test.for(['/?isolated', '/?plain'])(
  'handlers are called as without the extension, and each message is told once (%s)',
  async (path) => {
    const [without, withIt] = [await bare.open(path), await observed.open(path)];
    for (const { page } of [without, withIt]) await page.addScriptTag({ url: '/handlers.js' });
    const expected = await without.page.evaluate(setAllHandlers);
    const seen = await withIt.page.evaluate(setAllHandlers);
    expect(expected['late']).toEqual(expected['early']);
    expect(seen).toEqual(expected);
    const recorded = await withIt.recorded();
    const received = new Map<string, number[]>();
    const hear = (side: string, index: number): void => {
      received.set(side, [...(received.get(side) ?? []), index]);
    };
    for (const each of recorded.records) {
      if (each.record === 'portReceived') hear(`${each.on}: end ${each.end}`, each.index);
      if (each.record === 'messageReceived') hear(`node ${each.node}`, each.index);
    }
    for (const { op, thread, ordinal, words } of recorded.slots) {
      if (op === 'received') hear(`${thread}: processor ${ordinal}`, words[2]);
    }
    expect(received.size).toBe(13);
    for (const indices of received.values()) expect(indices).toEqual([...indices.keys()]);
    await without.close();
    await withIt.close();
  },
);
