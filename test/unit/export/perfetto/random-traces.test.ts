import { expect, test } from 'vitest';
import { judge } from '../../../../src/analysis/judge.ts';
import { encodeTrace } from '../../../../src/export/perfetto/trace.ts';
import { encodeSessionFile, parseSessionFile } from '../../../../src/export/session-file.ts';
import { checkTrace, expectedTrace } from '../../../support/check-trace.ts';
import { expectAlike } from '../../../support/expect-alike.ts';
import { Random } from '../../../support/random.ts';
import { randomInputs } from '../../../support/random-session.ts';
import { seeds } from '../../../support/seeds.ts';
import { sessionOfInputs } from '../../../support/text-records.ts';

const SEEDS = seeds(6);

test.each(SEEDS)('the trace of random session %d is sound and complete', (seed) => {
  const session = sessionOfInputs(randomInputs(new Random(seed)));
  const findings = judge(session);
  const expected = expectedTrace(session.documents, findings);
  expect(expected.calls).toBe(session.totals.calls);
  checkTrace(encodeTrace(session, findings), expected);
});

test('a session from a file gives the same trace as the session that was saved', () => {
  for (const seed of SEEDS) {
    const inputs = randomInputs(new Random(seed));
    const opened = parseSessionFile(encodeSessionFile(inputs));
    if (!opened.ok) throw new Error(opened.error);
    const live = sessionOfInputs(inputs);
    const again = sessionOfInputs(opened.value);
    const [ours, theirs] = [live, again].map((each) => encodeTrace(each, judge(each)));
    expectAlike(theirs, ours, `seed ${seed}`);
  }
});
