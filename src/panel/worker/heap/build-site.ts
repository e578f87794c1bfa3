import { threadLabel } from '../../../analysis/labels.ts';
import type { BlockFacts, DocumentFacts, EntityKey } from '../../../analysis/model.ts';
import { stackFrames } from '../../../analysis/scene.ts';
import { showEvent } from '../build-path.ts';
import { rowOfThread } from '../entity-lookup.ts';
import { formatBytes, formatCount, formatDuration, plural } from '../format.ts';
import type { EntityDetail } from '../protocol.ts';
import type { BlockIndex } from './block-index.ts';
import { type Site, siteWords } from './heap-owners.ts';
import { blockKey } from './known-blocks.ts';

/** Blocks that its detail leads to, and counts that it lists. */
const MOST_LINKS = 50;
const MOST_COUNTS = 200;

/** A place of the program that allocates: what it keeps, and how that grows. */
export function buildSite(
  document: DocumentFacts,
  key: EntityKey,
  site: Site,
  offset: number,
  index: BlockIndex,
): EntityDetail {
  const { thread, stack, counted } = site;
  const row = rowOfThread(document, thread);
  const own = blocksOf(index, site);
  const live = own.filter(({ freed }) => freed === undefined);
  const counts = counted?.counts ?? [];
  const [first] = counts;
  const last = counts.at(-1);
  const frames = stackFrames(stack);
  return {
    key,
    kind: 'site',
    title: siteWords(stack).place,
    row,
    links: own.slice(0, MOST_LINKS).map((block) => ({
      label: `${block.label || 'block'} #${block.id}`,
      target: { kind: 'heap', key: blockKey(document, block), row: block.users[0]?.key ?? row },
    })),
    findings: [],
    facts: [
      { label: 'Thread', value: threadLabel(document, thread) },
      {
        label: 'Known blocks',
        value: `${formatCount(own.length)}, of which ${formatCount(live.length)} live`,
      },
      ...(first === undefined || last === undefined
        ? []
        : [
            {
              label: 'Blocks',
              value: `${formatCount(last.live)} live, of ${formatCount(last.made)} whose stack was taken`,
            },
            { label: 'Bytes', value: formatBytes(last.bytes) },
            { label: 'Growth', value: growthWords(first, last) },
          ]),
    ],
    liveness: [],
    teardowns: [],
    events: counts.slice(-MOST_COUNTS).map((count) => {
      const what = `${plural(count.live, 'block')} live, ${formatBytes(count.bytes)}, of ${formatCount(count.made)} made`;
      return showEvent(document, offset, { ...count, what });
    }),
    eventsOmitted: Math.max(0, counts.length - MOST_COUNTS),
    stacks: frames.length === 0 ? [] : [{ role: 'allocate', frames }],
  };
}

function blocksOf(index: BlockIndex, { thread, stack }: Site): readonly BlockFacts[] {
  const number = index.sites.findIndex((each) => each.thread === thread && each.stack === stack);
  const own: BlockFacts[] = [];
  for (let row = 0; number >= 0 && row < index.blocks.length; row++) {
    if (index.site[row] === number) own.push(index.blocks[row] as BlockFacts);
  }
  return own;
}

interface Count {
  readonly at: number;
  readonly live: number;
  readonly bytes: number;
}

/** `+1 200 blocks, +38 KB in 4.2 s`. */
function growthWords(first: Count, last: Count): string {
  const passed = last.at - first.at;
  if (passed <= 0) return 'counted once';
  const blocks = last.live - first.live;
  const bytes = last.bytes - first.bytes;
  return `${signed(blocks, (count) => plural(count, 'block'))}, ${signed(bytes, formatBytes)} in ${formatDuration(passed)}`;
}

export function signed(value: number, words: (value: number) => string): string {
  return value < 0 ? `−${words(-value)}` : `+${words(value)}`;
}
