import { contextLabel, nodeLabel, threadLabel } from '../../../analysis/labels.ts';
import type {
  BlockFacts,
  ContextFacts,
  DestroySignal,
  DocumentFacts,
  HeapSiteFacts,
  NodeFacts,
} from '../../../analysis/model.ts';
import { stackFrames } from '../../../analysis/scene.ts';
import type { ThreadId } from '../../../shared/units.ts';
import { rowOfThread } from '../entity-lookup.ts';
import type { HeapOwner, HeapTarget } from './heap-protocol.ts';

/** To whom a block belongs. */
export interface Owner {
  readonly id: string;
  readonly label: string;
  readonly note: string;
  readonly target: HeapTarget | undefined;
  /** A place that has told how many blocks it keeps. */
  readonly counted: HeapSiteFacts | undefined;
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
      this.#addSite(site.thread, site.stack, countedSiteKey(document, site), site);
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
      counted: undefined,
    }));
  }

  #node(node: NodeFacts): Owner {
    return this.#once(node, () => ({
      id: node.key,
      label: nodeLabel(node),
      note: destroyedNote(node),
      target: { kind: 'row', key: node.key },
      counted: undefined,
    }));
  }

  #context(context: ContextFacts): Owner {
    return this.#once(context, () => ({
      id: context.key,
      label: contextLabel(context),
      note: context.closed === undefined ? '' : 'closed',
      target: { kind: 'row', key: context.key },
      counted: undefined,
    }));
  }

  #thread(thread: ThreadId): Owner {
    return this.#once(thread, () => ({
      id: `${this.#document.index}/t${thread}`,
      label: threadLabel(this.#document, thread),
      note: 'no context',
      target: { kind: 'row', key: rowOfThread(this.#document, thread) },
      counted: undefined,
    }));
  }

  #site(block: BlockFacts): Owner {
    const { thread } = block.allocated;
    const known = this.#sites.get(thread)?.get(block.allocateStack);
    return known ?? this.#addSite(thread, block.allocateStack, siteKey(this.#document, block));
  }

  #addSite(thread: ThreadId, stack: string, key: string, counted?: HeapSiteFacts): Owner {
    const { place, through } = siteWords(stack);
    const owner: Owner = {
      id: key,
      label: place,
      note: [stack === '' ? 'no stack was taken' : through, threadLabel(this.#document, thread)]
        .filter((each) => each !== '')
        .join(' · '),
      target: { kind: 'heap', key, row: rowOfThread(this.#document, thread) },
      counted,
    };
    const own = this.#sites.get(thread);
    if (own === undefined) this.#sites.set(thread, new Map([[stack, owner]]));
    else own.set(stack, owner);
    return owner;
  }
}

function destroyedNote(node: NodeFacts): string {
  const [farewell] = node.farewells;
  return farewell === undefined ? '' : SIGNAL_NOTES[farewell.signal];
}

const SIGNAL_NOTES = {
  declared: 'destroyed',
  emscripten: 'destroyed',
  closed: 'closed',
  'context-closed': 'context closed',
  collected: 'collected',
  detached: 'detached',
} as const satisfies { readonly [S in DestroySignal]: string };

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

/** A place of the page that led to an allocation, and the functions of modules that it went through, the innermost first. */
export function siteWords(stack: string): { readonly place: string; readonly through: string } {
  const frames = stackFrames(stack);
  const at = frames.findIndex((frame) => !isOfModule(frame));
  const outer = frames[at];
  const inner = (at < 0 ? frames : frames.slice(0, at)).map(functionWords);
  if (outer === undefined)
    return { place: inner[0] ?? 'Place not known', through: inner.slice(1).join(' ← ') };
  return { place: placeWords(outer), through: inner.join(' ← ') };
}

function isOfModule(frame: string): boolean {
  return /wasm-function\[|wasm:\/\//.test(frame);
}

/** `voice_new`, or `[4]` where it has no name. */
function functionWords(frame: string): string {
  const [, name = ''] = /^(.*?) \(/.exec(frame) ?? [];
  const [, index] = /wasm-function(\[\d+\])/.exec(frame) ?? [];
  return name === '' || name.startsWith('wasm-function[') ? (index ?? frame) : name;
}

/** `startVoice (player.js:12:3)`, without the folders of the URL. */
function placeWords(frame: string): string {
  const [, name = '', url = '', line = '', column = ''] =
    /^(?:(.*?) \()?(\S*?)(?::(\d+):(\d+))?\)?$/.exec(frame) ?? [];
  const path = url.replace(/[?#].*$/, '');
  const file = path.slice(path.lastIndexOf('/') + 1) || path;
  const place = line === '' ? file : `${file}:${line}:${column}`;
  return name === '' ? place : `${name} (${place})`;
}
