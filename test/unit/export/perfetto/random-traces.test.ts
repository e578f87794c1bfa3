import { expect, test } from 'vitest';
import { judge } from '../../../../src/analysis/judge.ts';
import { encodeTrace } from '../../../../src/export/perfetto/trace.ts';
import { encodeSessionFile, parseSessionFile } from '../../../../src/export/session-file.ts';
import { checkTrace, expectedTrace } from '../../../support/check-trace.ts';
import { Random } from '../../../support/random.ts';
import { randomInputs } from '../../../support/random-session.ts';
import { sessionOfInputs } from '../../../support/text-records.ts';

const SEEDS = Array.from({ length: 15 }, (_, i) => i + 1);

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
    expect(encodeTrace(again, judge(again)), `seed ${seed}`).toEqual(
      encodeTrace(live, judge(live)),
    );
  }
});
