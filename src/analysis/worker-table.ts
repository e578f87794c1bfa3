import * as LIMITS from '../shared/limits.ts';
import type { FieldsOf, WorkerEntered } from '../shared/records.ts';
import { SCOPE_END, type ThreadId, type WorkerId } from '../shared/units.ts';
import type { ChannelState } from './channel-state.ts';
import type { ChannelTable } from './channel-table.ts';
import type {
  ChannelFacts,
  DocumentFacts,
  EntityKey,
  Point,
  ThreadFacts,
  WorkerEnd,
  WorkerFacts,
} from './model.ts';
import type { EdgeStore } from './ordering/edge-store.ts';

type ScopeStates = { [state in FieldsOf<'scopeState'>['state']]: Point | undefined };

/** What a worker says of its own scope, perhaps before anybody said whose thread it is. */
class Scope {
  readonly states: ScopeStates = { started: undefined, evaluated: undefined, closing: undefined };
  url = '';
  worker: WorkerState | undefined;
}

const UNSEEN = new Scope();

export class WorkerState implements WorkerFacts {
  readonly id: WorkerId;
  readonly key: EntityKey;
  readonly document: DocumentFacts;
  readonly parent: ThreadId;
  readonly url: string;
  readonly name: string;
  readonly type: 'classic' | 'module';
  readonly entered: WorkerEntered;
  readonly created: Point;
  readonly createStack: string;
  readonly channel: ChannelFacts;
  readonly errors: (Point & { readonly reason: string; readonly stack: string })[] = [];
  ended: WorkerEnd | undefined;
  thread: ThreadFacts | undefined;
  own: Scope = UNSEEN;

  constructor(
    document: DocumentFacts,
    channel: ChannelFacts,
    fields: FieldsOf<'workerCreated'>,
    created: Point,
  ) {
    this.document = document;
    this.channel = channel;
    this.id = fields.worker;
    this.parent = created.thread;
    this.key = keyOf(document, created.thread, fields.worker);
    this.url = fields.url;
    this.name = fields.name;
    this.type = fields.type;
    this.entered = fields.entered;
    this.created = created;
    this.createStack = fields.stack;
  }

  get scope(): WorkerFacts['scope'] {
    return this.own.states;
  }

  get scopeUrl(): string {
    return this.own.url;
  }
}

export interface WorkerHost {
  readonly facts: DocumentFacts;
  readonly channels: ChannelTable;
  readonly edges: EdgeStore;
  hasRoom(size: number, limit: number, what: string): boolean;
}

/** The dedicated workers of a document: the thread that made one, its own thread and the page speak of it. */
export class WorkerTable {
  readonly #host: WorkerHost;
  readonly #workers = new Map<EntityKey, { worker: WorkerState; channel: ChannelState }>();
  readonly #scopes = new Map<ThreadId, Scope>();
  /** Threads by the key of the worker that they are, as the page said. */
  readonly #threads = new Map<EntityKey, ThreadId>();

  constructor(host: WorkerHost) {
    this.#host = host;
  }

  created(fields: FieldsOf<'workerCreated'>, point: Point): boolean {
    const { facts, channels } = this.#host;
    const key = keyOf(facts, point.thread, fields.worker);
    if (fields.worker === 0 || this.#workers.has(key) || fields.end % 2 === 0) return false;
    if (!this.#host.hasRoom(this.#workers.size, LIMITS.eventsPerDocument, 'workers')) return false;
    const end = channels.end(point.thread, fields.end);
    if (end === undefined) return false;
    const channel = channels.open('worker');
    const worker = new WorkerState(facts, channel, fields, point);
    channel.worker = worker;
    channels.seat(channel, 0, end);
    this.#workers.set(key, { worker, channel });
    facts.workers.set(key, worker);
    this.#join(key);
    return true;
  }

  /** Said by the page. */
  thread({ thread, parent, worker }: FieldsOf<'workerThread'>): boolean {
    const { facts } = this.#host;
    const key = keyOf(facts, parent, worker);
    if (this.#threads.has(key) || facts.threads.get(thread)?.kind !== 'worker') return false;
    if (!this.#host.hasRoom(this.#threads.size, LIMITS.threads, 'threads')) return false;
    this.#threads.set(key, thread);
    this.#join(key);
    return true;
  }

  ended({ worker, how, reason, stack }: FieldsOf<'workerEnded'>, point: Point): boolean {
    const known = this.#workers.get(keyOf(this.#host.facts, point.thread, worker));
    if (known === undefined) return false;
    if (how === 'error') {
      const { errors } = known.worker;
      if (errors.length >= LIMITS.eventsPerNode) return false;
      errors.push({ ...point, reason, stack });
      return true;
    }
    known.worker.ended ??= { ...point, how, reason, stack };
    return true;
  }

  scope({ state, url }: FieldsOf<'scopeState'>, point: Point): boolean {
    const { thread } = point;
    if (this.#host.facts.threads.get(thread)?.kind !== 'worker') return false;
    const scope = this.#scopeOf(thread);
    scope.states[state] ??= point;
    if (url !== '') scope.url = url;
    if (state !== 'started' || scope.states.started !== point) return true;
    const { worker } = scope;
    if (worker === undefined) this.#host.edges.pend(point);
    else this.#host.edges.add('worker-start', worker.created, point);
    return true;
  }

  /** Tells the edges of all workers, into a store that has forgotten all. */
  replay(): void {
    for (const { worker, states } of this.#scopes.values()) {
      if (states.started === undefined) continue;
      if (worker === undefined) this.#host.edges.pend(states.started);
      else this.#host.edges.add('worker-start', worker.created, states.started);
    }
  }

  #scopeOf(thread: ThreadId): Scope {
    let scope = this.#scopes.get(thread);
    if (scope === undefined) {
      scope = new Scope();
      this.#scopes.set(thread, scope);
    }
    return scope;
  }

  #join(key: EntityKey): void {
    const known = this.#workers.get(key);
    const thread = this.#threads.get(key);
    const facts = thread === undefined ? undefined : this.#host.facts.threads.get(thread);
    if (known === undefined || thread === undefined || facts === undefined) return;
    const scope = this.#scopeOf(thread);
    if (scope.worker !== undefined) return;
    const { worker, channel } = known;
    scope.worker = worker;
    worker.own = scope;
    worker.thread = facts;
    facts.worker = worker;
    const end = this.#host.channels.end(thread, SCOPE_END);
    if (end !== undefined) this.#host.channels.seat(channel, 1, end);
    const { started } = scope.states;
    if (started === undefined) return;
    this.#host.edges.add('worker-start', worker.created, started);
    this.#host.edges.resolve(started);
  }
}

function keyOf(document: DocumentFacts, parent: ThreadId, worker: WorkerId): EntityKey {
  return `${document.index}/w${parent}.${worker}`;
}
