import { expect, test } from 'vitest';
import { judge } from '../../../../src/analysis/judge.ts';
import { judgeTeardowns } from '../../../../src/analysis/judge-teardowns.ts';
import type { Place } from '../../../../src/analysis/ordering/places.ts';
import { Session } from '../../../../src/analysis/session.ts';
import type { ThreadId } from '../../../../src/shared/units.ts';
import { cut, randomRecording } from '../../../support/random-recording.ts';
import { Seeded } from '../../../support/seeded.ts';
import { seeds } from '../../../support/seeds.ts';
import { sessionOfInputs } from '../../../support/text-records.ts';

/** All that is found and judged, and the order of some places, as one text. */
function said(session: Session): string {
  const teardowns = judgeTeardowns(session).map((each) => ({ ...each, node: each.node.key }));
  const orders = session.documents.map((document) => {
    const ordering = session.ordering(document);
    const random = new Seeded(1);
    const threads = [...document.threads.keys()].sort((a, b) => a - b);
    const place = (): Place => ({
      thread: random.pick(threads) as ThreadId,
      tick: random.below(4000),
    });
    return Array.from({ length: 200 }, () => ordering.compare(place(), place()));
  });
  return JSON.stringify({ findings: judge(session), teardowns, orders }, undefined, 1);
}

const SEEDS = seeds(15);

test.each(SEEDS)(
  'no verdict depends on how the stream was cut, or when it was asked for (seed %i)',
  (seed) => {
    const recording = randomRecording(seed);
    const once = said(sessionOfInputs(cut(recording, 0)));
    for (let order = 1; order <= 2; order++) {
      const live = new Session();
      for (const input of cut(recording, order)) {
        live.ingest(input);
        judge(live);
        judgeTeardowns(live);
      }
      expect(said(live)).toBe(once);
    }
  },
);

test('the random recordings hold what the property is about', () => {
  const verdicts = new Set<string>();
  const orders = new Set<string>();
  for (const seed of SEEDS) {
    const session = sessionOfInputs(cut(randomRecording(seed), 1));
    for (const { verdict, by } of judgeTeardowns(session)) verdicts.add(by ?? verdict);
    for (const document of session.documents) {
      const ordering = session.ordering(document);
      for (const a of document.threads.keys()) {
        for (const b of document.threads.keys()) {
          for (let tick = 0; tick < 4000; tick += 500) {
            orders.add(ordering.compare({ thread: a, tick }, { thread: b, tick: 4000 }).order);
          }
        }
      }
    }
  }
  expect([...verdicts]).toEqual(expect.arrayContaining(['racy', 'unknown', 'suspended']));
  expect([...orders]).toEqual(expect.arrayContaining(['before', 'unordered', 'unknown']));
});
