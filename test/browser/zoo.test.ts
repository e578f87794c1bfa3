import { appendFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { judge } from '../../src/analysis/judge.ts';
import { judgeTeardowns } from '../../src/analysis/judge-teardowns.ts';
import { encodeTrace } from '../../src/export/perfetto/trace.ts';
import { encodeSessionFile } from '../../src/export/session-file.ts';
import { checkTrace, expectedTrace } from '../support/check-trace.ts';
import { buildSession, type Visit, Visitors } from '../support/visit.ts';
import {
  asDeclared,
  byRule,
  byText,
  type Exhibit,
  exhibitsOf,
  GROUPS,
  pagesOf,
  readPage,
  teardownsAsDeclared,
} from '../support/zoo.ts';

const BROWSERS = Number(process.env['LIFELINE_BROWSERS'] ?? 3);
/** `npm run flake` visits some of the pages, or all, this often, has every visit written down in a file, and keeps the sessions of odd ones beside it. */
const ROUNDS = Number(process.env['LIFELINE_ROUNDS'] ?? 1);
const CHOSEN = new RegExp(process.env['LIFELINE_PAGES'] ?? '');
const VISITS_FILE = process.env['LIFELINE_VISITS'];

const ZOO = (['wrong', 'right', 'shapes'] as const)
  .flatMap(pagesOf)
  .flatMap(exhibitsOf)
  .filter(({ path }) => CHOSEN.test(path));
const VISITS = Array.from({ length: ROUNDS }, (_, before) =>
  ZOO.map((exhibit) => ({ ...exhibit, round: before + 1 })),
).flat();

/** Traces are checked of so many visits together: to begin with one takes the engine a third of a second. */
const TRACED_AT_ONCE = 8;
let untraced: { readonly path: string; readonly inputs: Visit['inputs'] }[] = [];

let visitors: Visitors;
beforeAll(async () => {
  visitors = await Visitors.open(BROWSERS);
});
afterAll(async () => {
  await visitors?.[Symbol.asyncDispose]();
});

describe.concurrent('the panel reports what the page declares, and nothing else', () => {
  test.for(VISITS)(ROUNDS === 1 ? '$path' : '$path, round $round', async (exhibit, { expect }) => {
    const visit = await visitors
      .visit(exhibit.path, exhibit.alone, exhibit.memory)
      .catch((error: Error) => error);
    const expected = expectedOutcome(exhibit);
    const seen = visit instanceof Error ? { failure: visit.message } : outcomeOf(visit, exhibit);
    if (VISITS_FILE !== undefined) {
      const { path, round } = exhibit;
      appendFileSync(VISITS_FILE, `${JSON.stringify({ path, round, expected, seen })}\n`);
      if (!(visit instanceof Error) && !isDeepStrictEqual(seen, expected)) {
        const name = path.replace(/\W+/g, '-');
        writeFileSync(`${VISITS_FILE}.${name}-${round}.lifeline`, encodeSessionFile(visit.inputs));
      }
    }
    expect(seen).toEqual(expected);
  });
});

test('the traces of the last visits are sound', () => {
  expect(soundness()).toBe('sound');
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

/** What a page declares, and what holds for every page. */
function expectedOutcome({ isolated, findings, teardowns }: Exhibit) {
  return {
    page: { state: 'done', isolated },
    complaints: [],
    findings: [...findings].sort(byRule),
    ...(teardowns === undefined ? {} : { teardowns: [...teardowns].sort(byText) }),
    judgedAlike: true,
    lost: 0,
    dropped: 0,
    miscounted: [],
    trace: 'sound',
  };
}

/** The same of what was seen. Every call was seen, none was made up, and findings count what the page has counted. */
function outcomeOf(visit: Visit, exhibit: Exhibit) {
  const { page, session, findings, judged } = visit;
  const { calls, lost, dropped } = session.totals;
  const counted = Object.entries(page.counts).map(([rule, count]) => {
    const seen = findings.find((each) => each.rule === rule)?.count;
    return { what: rule, count, seen };
  });
  if (page.calls !== undefined) counted.push({ what: 'calls', count: page.calls, seen: calls });
  return {
    page: { state: page.state, isolated: page.isolated },
    complaints: [...visit.complaints, ...visit.alerts],
    findings: asDeclared(findings, exhibit.findings),
    ...(exhibit.teardowns === undefined
      ? {}
      : { teardowns: teardownsAsDeclared(judgeTeardowns(session), exhibit.teardowns) }),
    judgedAlike: JSON.stringify(judged) === JSON.stringify(findings),
    lost,
    dropped,
    miscounted: counted.filter(({ count, seen }) => count !== seen),
    trace: traceOf(visit, exhibit.path),
  };
}

function traceOf({ inputs }: Visit, path: string): string {
  untraced.push({ path, inputs });
  return untraced.length < TRACED_AT_ONCE ? 'sound' : soundness();
}

/** Of the trace of all that was visited and not traced yet. */
function soundness(): string {
  const visits = untraced;
  untraced = [];
  const session = buildSession(visits.flatMap(({ inputs }) => inputs));
  const told = judge(session);
  try {
    checkTrace(encodeTrace(session, told), expectedTrace(session.documents, told));
    return 'sound';
  } catch (error) {
    return `${visits.map(({ path }) => path).join(' or ')}: ${error}`;
  }
}
