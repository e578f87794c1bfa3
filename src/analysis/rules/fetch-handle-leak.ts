import type { MemoryId } from '../../shared/units.ts';
import type { FindingEntity } from '../finding.ts';
import { allocationWords, blockLabel } from '../labels.ts';
import type { BlockFacts, DocumentFacts, FetchFacts } from '../model.ts';
import { counted, durationWords, type Scene, stacksOf } from '../scene.ts';
import { certaintyOf, heapEntity } from './misfree.ts';
import type { FindingDraft, Rule } from './rule.ts';

/** The handle of a fetch that has ended, and that is still there. */
interface Left {
  readonly block: BlockFacts;
  readonly fetch: FetchFacts;
}

/** Handles of one heap. */
interface Leak {
  readonly entity: FindingEntity;
  readonly left: [Left, ...Left[]];
}

export const fetchHandleLeak: Rule = {
  id: 'fetch-handle-leak',
  severity: 'warning',
  title: 'The handle of an Emscripten fetch is never freed',
  explain:
    'The request of a fetch has ended, and its handle is still there, with the data, the URL and the attributes that only emscripten_fetch_close() frees. Either that was called and refused the handle, because its id was 0: an id is given when an XMLHttpRequest starts, so what comes from IndexedDB, is stored there or deleted has none. Or the id is 0, and it was not called yet. Or nobody has closed a handle that could be closed, which is right as long as its data is in use: that is a hint only. All handles of one heap are one finding; who sets an id by hand before it closes is right. Needs a module that tells of its allocator (Memory: heap hooks), and handles as 32-bit builds lay them out; whether a handle was refused is only seen where the function that closes was not inlined.',
  help: 'Close each fetch when its data is no longer needed. Before that, where its id is 0, set it by hand (fetch->id = 1): emscripten_fetch_close() then frees all that belongs to it.',
  link: 'https://emscripten.org/docs/api_reference/fetch.html',
  *find(scene) {
    for (const document of scene.documents) {
      for (const leak of leaksOf(scene, document)) yield draft(scene, document, leak);
    }
  },
};

function leaksOf(scene: Scene, document: DocumentFacts): Iterable<Leak> {
  const leaks = new Map<string, Leak>();
  for (const block of document.blocks.values()) {
    const { fetch } = block;
    if (fetch === undefined || block.freed !== undefined) continue;
    if (document.lastAt - fetch.ended.at < patienceWith(fetch, scene) * 1e6) continue;
    const { thread } = block.allocated;
    const memory = document.memories.find(thread, block.memory as MemoryId);
    const entity = heapEntity(document, memory, thread);
    const known = leaks.get(entity.id);
    if (known === undefined) leaks.set(entity.id, { entity, left: [{ block, fetch }] });
    else known.left.push({ block, fetch });
  }
  return leaks.values();
}

/** In seconds. */
function patienceWith({ id, refused }: FetchFacts, { thresholds }: Scene): number {
  if (refused.length > 0 || id === 0) return thresholds.leakSeconds;
  return thresholds.fetchSeconds;
}

function draft(scene: Scene, document: DocumentFacts, { entity, left }: Leak): FindingDraft {
  const refused = left.filter(({ fetch }) => fetch.refused.length > 0);
  const withoutId = left.filter(({ fetch }) => fetch.id === 0 && fetch.refused.length === 0);
  const [first] = [...refused, ...withoutId, ...left] as [Left, ...Left[]];
  const { block, fetch } = first;
  const refusal = fetch.refused[0];
  const bytes = left.reduce((sum, each) => sum + each.block.length + each.fetch.bytes, 0);
  const times = left.map((each) => each.fetch.ended.at);
  return {
    entity,
    ...(refused.length + withoutId.length === 0 ? { severity: 'info' } : {}),
    certainty: refusal === undefined ? 'likely' : certaintyOf(document),
    count: left.length,
    first: scene.time(document, Math.min(...times)),
    last: scene.time(document, Math.max(...times)),
    message: `${counted(left.length, 'fetch handle')} of ended requests, with the data ${counted(bytes, 'byte')}, ${left.length === 1 ? 'is' : 'are'} still there: ${blockLabel(block)}, of ${fetch.url}, ${reasonOf(first, document)}.`,
    evidence: [
      scene.evidence(document, block.allocated, allocationWords(block)),
      scene.evidence(document, fetch.ended, `its request had ended, with id ${fetch.id}`),
      ...(refusal === undefined
        ? []
        : [scene.evidence(document, refusal, 'emscripten_fetch_close() refused it')]),
    ],
    stacks: stacksOf({ allocate: block.allocateStack, close: refusal?.stack }),
  };
}

function reasonOf({ fetch }: Left, document: DocumentFacts): string {
  if (fetch.refused.length > 0) {
    return `was to be closed, which was refused, since its id is ${fetch.id}`;
  }
  const since = durationWords(document.lastAt - fetch.ended.at);
  return fetch.id === 0
    ? `cannot be closed, since its id is 0, for ${since}`
    : `was not closed for ${since}`;
}
