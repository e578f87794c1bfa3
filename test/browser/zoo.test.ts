import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { judge } from '../../src/analysis/judge.ts';
import { encodeTrace } from '../../src/export/perfetto/trace.ts';
import { checkTrace, expectedTrace } from '../support/check-trace.ts';
import { type Visit, Visitor } from '../support/visit.ts';
import { asDeclared, byRule, exhibitsOf, GROUPS, pagesOf, readPage } from '../support/zoo.ts';

const ZOO = (['wrong', 'right', 'shapes'] as const).flatMap(pagesOf).flatMap(exhibitsOf);

let visitor: Visitor;
beforeAll(async () => {
  visitor = await Visitor.open();
});
afterAll(async () => {
  await visitor?.[Symbol.asyncDispose]();
});

describe('the panel reports what the page declares, and nothing else', () => {
  test.each(ZOO)('$path', async ({ path, isolated, findings }) => {
    const seen = await visitor.visit(path);
    expect(seen.page).toMatchObject({ state: 'done', isolated });
    expect([...seen.complaints, ...seen.alerts]).toEqual([]);
    expect(asDeclared(seen.findings, findings)).toEqual([...findings].sort(byRule));
    expect(seen.judged).toEqual(seen.findings);
    expectCounts(seen);

    const told = judge(seen.session);
    const { documents } = seen.session;
    checkTrace(encodeTrace(seen.session, told), expectedTrace(documents, told));
  });
});

test('the index lists every page by its title, each way it can be opened', () => {
  const index = readPage('index.html');
  for (const file of GROUPS.flatMap(pagesOf)) {
    const title = /<title>(.*?)<\/title>/.exec(readPage(file))?.[1];
    const paths = exhibitsOf(file).map(({ path }) => path);
    expect(index).toContain(`<a href="${paths[0]}">${title}</a>`);
    for (const path of paths) expect(index).toContain(`<a href="${path}">`);
  }
});

/** Every call was seen, none was made up, and the findings count what the page has counted. */
function expectCounts({ session, page, findings }: Visit): void {
  const { calls, lost, dropped } = session.totals;
  expect({ calls, lost, dropped }).toEqual({ calls: page.calls ?? calls, lost: 0, dropped: 0 });
  for (const [rule, count] of Object.entries(page.counts)) {
    expect(findings.find((each) => each.rule === rule)).toMatchObject({ count });
  }
}
