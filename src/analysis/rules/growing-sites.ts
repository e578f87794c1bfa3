import { threadLabel } from '../labels.ts';
import type { DocumentFacts, HeapSiteFacts } from '../model.ts';
import {
  counted,
  durationWords,
  type Scene,
  stackFrames,
  stacksOf,
  threadEntity,
} from '../scene.ts';
import type { FindingDraft } from './rule.ts';

/** A count may be so much older than the last that was heard of a document, and still be the present one. */
const FRESH_MICROS = 2.5e6;

interface Growing {
  readonly site: HeapSiteFacts;
  /** Since when it has done nothing but grow. */
  readonly from: number;
}

/** The places that allocate and whose blocks only grow, one finding a thread. */
export function* growingSites(scene: Scene, document: DocumentFacts): Iterable<FindingDraft> {
  const byThread = new Map<number, Growing[]>();
  for (const site of document.heapSites.values()) {
    const from = growsSince(site, document, scene);
    if (from === undefined) continue;
    const known = byThread.get(site.thread) ?? [];
    byThread.set(site.thread, [...known, { site, from }]);
  }
  for (const growing of byThread.values()) {
    const [worst] = growing.toSorted((a, b) => lastOf(b.site).live - lastOf(a.site).live);
    const thread = worst && document.threads.get(worst.site.thread);
    if (worst === undefined || thread === undefined) continue;
    const { site, from } = worst;
    const first = site.counts[from] ?? lastOf(site);
    const last = lastOf(site);
    const others =
      growing.length > 1 ? ` So do ${counted(growing.length - 1, 'other place')}.` : '';
    const frames = stackFrames(site.stack);
    const where = frames[0] === undefined ? '' : ` (${frames[0]})`;
    yield {
      entity: threadEntity(thread),
      certainty: 'likely',
      count: growing.length,
      first: scene.time(document, first.at),
      last: scene.time(document, last.at),
      message: `${threadLabel(document, site.thread)}: one place${where} keeps more and more blocks: ${first.live}, and ${last.live} ${durationWords(last.at - first.at)} later, of those that were counted; ${last.made - last.live} of ${last.made} were freed.${others}`,
      evidence: [
        scene.evidence(
          document,
          first,
          `${counted(first.live, 'block')}, ${counted(first.bytes, 'byte')}`,
        ),
        scene.evidence(
          document,
          last,
          `${counted(last.live, 'block')}, ${counted(last.bytes, 'byte')}`,
        ),
      ],
      stacks: stacksOf({ allocate: site.stack }),
    };
  }
}

/** The index of the count from which on each is more than the one before, if that is long enough. */
function growsSince(
  { counts }: HeapSiteFacts,
  { lastAt }: DocumentFacts,
  { thresholds }: Scene,
): number | undefined {
  const last = counts.at(-1);
  if (last === undefined || last.live < thresholds.siteBlocks) return undefined;
  if (lastAt - last.at > FRESH_MICROS) return undefined;
  let from = counts.length - 1;
  while (from > 0 && (counts[from - 1]?.live ?? 0) < (counts[from]?.live ?? 0)) from--;
  const first = counts[from] ?? last;
  const isLong = last.at - first.at >= thresholds.siteSeconds * 1e6;
  return isLong && counts.length - from > thresholds.siteSeconds / 2 ? from : undefined;
}

function lastOf({ counts }: HeapSiteFacts): HeapSiteFacts['counts'][number] {
  return counts[counts.length - 1] as HeapSiteFacts['counts'][number];
}
