import { contextLabel, nodeLabel, threadLabel } from '../../../analysis/labels.ts';
import type {
  BlockFacts,
  ContextFacts,
  DocumentFacts,
  HeapSiteFacts,
  NodeFacts,
} from '../../../analysis/model.ts';
import { stackFrames } from '../../../analysis/scene.ts';
import type { ThreadId } from '../../../shared/units.ts';
import { rowOfThread } from '../entity-lookup.ts';
import { formatDuration } from '../format.ts';
import type { HeapOwner, HeapTarget } from './heap-protocol.ts';

/** To whom a block belongs. */
export interface Owner {
  readonly id: string;
  readonly label: string;
  readonly note: string;
  readonly target: HeapTarget | undefined;
}

/** Finds the owners of blocks of one document; each is one object. */
export class Owners {
  readonly #document: DocumentFacts;
  readonly #by: HeapOwner;
  readonly #known = new Map<unknown, Owner>();
  /** Of the thread, then of the stack. */
  readonly #sites = new Map<ThreadId, Map<string, Owner>>();

  constructor(document: DocumentFacts, by: HeapOwner) {
    this.#document = document;
    this.#by = by;
    if (by !== 'site') return;
    for (const site of document.heapSites.values()) {
      this.#addSite(site.thread, site.stack, countedSiteKey(document, site));
    }
  }

  of(block: BlockFacts, users: readonly NodeFacts[]): Owner {
    const [user] = users;
    switch (this.#by) {
      case 'node':
        return user === undefined ? this.#nobody() : this.#node(user);
      case 'context': {
        const { thread } = block.allocated;
        const context = user?.context ?? this.#document.threads.get(thread)?.context;
        return context === undefined ? this.#thread(thread) : this.#context(context);
      }
      case 'site':
        return this.#site(block);
    }
  }

  /** That of a place of which a thread has told how many blocks it keeps. */
  ofCounted({ thread, stack }: HeapSiteFacts): Owner | undefined {
    return this.#sites.get(thread)?.get(stack);
  }

  #once(key: unknown, make: () => Owner): Owner {
    let owner = this.#known.get(key);
    if (owner === undefined) {
      owner = make();
      this.#known.set(key, owner);
    }
    return owner;
  }

  #nobody(): Owner {
    return this.#once('none', () => ({
      id: `${this.#document.index}/none`,
      label: 'No node',
      note: 'blocks that no node is known to use',
      target: undefined,
    }));
  }

  #node(node: NodeFacts): Owner {
    return this.#once(node, () => ({
      id: node.key,
      label: nodeLabel(node),
      note: destroyedNote(node),
      target: { kind: 'row', key: node.key },
    }));
  }

  #context(context: ContextFacts): Owner {
    return this.#once(context, () => ({
      id: context.key,
      label: contextLabel(context),
      note: context.closed === undefined ? '' : 'closed',
      target: { kind: 'row', key: context.key },
    }));
  }

  #thread(thread: ThreadId): Owner {
    return this.#once(thread, () => ({
      id: `${this.#document.index}/t${thread}`,
      label: threadLabel(this.#document, thread),
      note: 'no context',
      target: { kind: 'row', key: rowOfThread(this.#document, thread) },
    }));
  }

  #site(block: BlockFacts): Owner {
    const { thread } = block.allocated;
    const known = this.#sites.get(thread)?.get(block.allocateStack);
    return known ?? this.#addSite(thread, block.allocateStack, siteKey(this.#document, block));
  }

  #addSite(thread: ThreadId, stack: string, key: string): Owner {
    const owner: Owner = {
      id: key,
      label: siteLabel(stack),
      note: threadLabel(this.#document, thread),
      target: { kind: 'heap', key, row: rowOfThread(this.#document, thread) },
    };
    const own = this.#sites.get(thread);
    if (own === undefined) this.#sites.set(thread, new Map([[stack, owner]]));
    else own.set(stack, owner);
    return owner;
  }
}

function destroyedNote(node: NodeFacts): string {
  const [farewell] = node.farewells;
  if (farewell === undefined) return '';
  const ago = node.document.lastAt - farewell.at;
  return ago > 0 ? `given up ${formatDuration(ago)} before the end` : 'given up';
}

/** Of a place that is known by the first block that came from it. */
function siteKey(document: DocumentFacts, block: BlockFacts): string {
  return `${document.index}/hb${block.id}`;
}

function countedSiteKey(document: DocumentFacts, { thread, site }: HeapSiteFacts): string {
  return `${document.index}/hs${thread}.${site}`;
}

/** A place that allocates: what is known of it, and the stack of the allocations. */
export interface Site {
  readonly thread: ThreadId;
  readonly stack: string;
  readonly counted: HeapSiteFacts | undefined;
}

/** The place that the key of an owner of kind `site` is of. */
export function findSite(document: DocumentFacts, key: string): Site | undefined {
  const [, kind, id = ''] = /^\d+\/h([bs])([\d.]+)$/.exec(key) ?? [];
  if (kind === 's') {
    const counted = document.heapSites.get(id);
    return counted && { thread: counted.thread, stack: counted.stack, counted };
  }
  const block = kind === 'b' ? document.blocks.get(Number(id) as BlockFacts['id']) : undefined;
  return (
    block && { thread: block.allocated.thread, stack: block.allocateStack, counted: undefined }
  );
}

/** The innermost frame that names a place. */
export function siteLabel(stack: string): string {
  const frames = stackFrames(stack);
  if (frames.length === 0) return 'Place not known';
  const outer = frames.find((frame) => !/wasm-function|wasm:\/\//.test(frame));
  const inner = frames[0] ?? '';
  return outer === undefined || outer === inner
    ? short(inner)
    : `${short(inner)} ← ${short(outer)}`;
}

/** `voice_new (voices.wasm)`: without the folders of a URL. */
function short(frame: string): string {
  return frame.replace(/(?:https?|blob|wasm|chrome-extension):\/\/[^\s)]*\/(?=[^\s)/]+)/g, '');
}
