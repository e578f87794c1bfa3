import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { judge } from '../../src/analysis/judge.ts';
import { encodeTrace } from '../../src/export/perfetto/trace.ts';
import { launchBrowser, type TestBrowser } from '../support/browser.ts';
import { checkTrace, expectedTrace } from '../support/check-trace.ts';
import { Visitor, visitBare } from '../support/visit.ts';
import { asDeclared, byRule, exhibitsOf, pagesOf } from '../support/zoo.ts';

const PACKAGES = pagesOf('packages').flatMap(exhibitsOf);

let visitor: Visitor;
let bare: TestBrowser;
beforeAll(async () => {
  visitor = await Visitor.open();
  bare = await launchBrowser({ extension: false });
});
afterAll(async () => {
  await visitor?.[Symbol.asyncDispose]();
  await bare?.close();
});

describe('a published package', () => {
  test.each(PACKAGES)('behaves and sounds as without the extension: $path', async (exhibit) => {
    const { path, isolated, findings } = exhibit;
    const seen = await visitor.visit(path);
    const plain = await visitBare(bare, `${visitor.origin}/${path}`);
    expect(seen.page).toMatchObject({ state: 'done', isolated });
    expect(seen.page).toEqual(plain.page);
    expect(Math.max(...(seen.page.rendered ?? []))).toBeGreaterThan(0.01);
    expect(seen.complaints).toEqual(plain.complaints);

    expect(asDeclared(seen.findings, findings)).toEqual([...findings].sort(byRule));
    expect(seen.judged).toEqual(seen.findings);
    expect(seen.session.totals).toMatchObject({ lost: 0, dropped: 0 });
    expect(seen.session.totals.calls).toBeGreaterThan(0);
    const told = judge(seen.session);
    checkTrace(encodeTrace(seen.session, told), expectedTrace(seen.session.documents, told));
  });
});
