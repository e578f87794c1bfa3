import {
  apply,
  construct,
  IntrinsicMap,
  IntrinsicWeakMap,
  indexOf,
  mapDelete,
  mapGet,
  mapSet,
  ownData,
  slice,
  weakMapGet,
  weakMapSet,
} from '../base/intrinsics.ts';
import { type ApplyTrap, constructAs, type Native } from '../base/patch.ts';
import { type MemoryNews, PASSAGE_NAME, type PassageCells } from '../shared/passage.ts';
import type { WorkerEntered } from '../shared/records.ts';
import { transferring } from '../shared/transferring.ts';
import type { EndId, WorkerId } from '../shared/units.ts';
import {
  type Channels,
  dataOf,
  firstPortOf,
  forget,
  isTrusted,
  listen,
  secondPortOf,
  shapeOfPost,
} from './channels.ts';
import { callerOf, getterOf } from './interfaces.ts';
import type { Witness } from './witness.ts';

/** How long the page’s own URL of a script that is being loaded is kept from being revoked. */
const LOAD_MS = 10_000;
const IMPORT_FAILED = "Failed to execute 'importScripts' on 'WorkerGlobalScope': ";
const NOT_PARSED = 'Uncaught SyntaxError: ';

/** The other end of the private port of a worker that we enter. */
export interface EnteredWorker {
  readonly worker: WorkerId;
  readonly url: string;
  readonly port: object;
  /** The worker; to be held weakly. */
  readonly self: object;
  /** Says to it, on its own channel, what none of its listeners hears: before whatever the page posts from now on. */
  readonly say: (worker: object, news: MemoryNews) => void;
}

export interface WorkerHost {
  /** The URL that scripts’ URLs are relative to. */
  base(): string;
  /** Whether a worker that is made now is entered, and if not why. */
  entering(): WorkerEntered;
  /** URL of the worker prelude. */
  readonly prelude: string;
  randomName(): string;
  /** Gives what passes into the worker beside its name and port; undefined when it follows later. */
  pass(entered: EnteredWorker): PassageCells | undefined;
  /** Whether any entry may have had a `via`. */
  readonly mayRedirect: boolean;
  /** A worker was made, and what passes into it is on its way. */
  entered(worker: object, entry: WorkerEntry): void;
  /** A worker did not load. True where that is for us to mend, and not for the page to hear. */
  refused(worker: object, entry: WorkerEntry): boolean;
  /** The worker will say no more than it has said. */
  ended(worker: WorkerId): void;
  /** What an entered worker has said that closed before it could hear us. */
  lastWords(worker: WorkerId, words: unknown): void;
  after(milliseconds: number, run: () => void): void;
}

/** What is known of a `Worker` object. */
export interface WorkerEntry {
  readonly id: WorkerId;
  /** Undefined where the worker is left to itself. */
  readonly name: string | undefined;
  /** The script’s URL as the page gave it, and the one that we gave the engine. */
  readonly url: string;
  readonly stand: string;
  readonly isModule: boolean;
  readonly options: WorkerOptionsRead | undefined;
  hasStarted: boolean;
  /** What `postMessage` does instead, where this object is not the worker any more, or may yet turn out not to be. */
  via: Native | undefined;
  /** The worker that runs in its stead. */
  other: object | undefined;
  /** Makes it, and tells the page’s object what it tells. */
  again: (() => object) | undefined;
  relay: ((type: string, event: object) => void) | undefined;
  /** Called when it has spoken. */
  proven: (() => void) | undefined;
  /** Lets go of messages that were held, to the worker that runs in its stead. */
  replaced: ((by: object) => void) | undefined;
  release: () => void;
}

interface Plan {
  readonly url: string;
  readonly options: WorkerOptionsRead | undefined;
}

interface WorkerOptionsRead {
  readonly credentials?: unknown;
  readonly name?: unknown;
  readonly type?: unknown;
}

const globals = globalThis as unknown as {
  readonly [name: string]: (Native & { readonly prototype: object }) | undefined;
};
const { Worker, Blob, URL, MessageChannel, MessageEvent, Event, ErrorEvent } = globals;
const { encodeURIComponent: encode, origin: ownOrigin } = globalThis as unknown as {
  encodeURIComponent(text: string): string;
  readonly origin: string;
};
export const hrefOf = getterOf<object, string>('URL', 'href');
const originOf = getterOf<object, string>('URL', 'origin');
const protocolOf = getterOf<object, string>('URL', 'protocol');
export const messageOf = getterOf<object, string>('ErrorEvent', 'message');
export const filenameOf = getterOf<object, string>('ErrorEvent', 'filename');
export const linenoOf = getterOf<object, number>('ErrorEvent', 'lineno');
const colnoOf = getterOf<object, number>('ErrorEvent', 'colno');
export const dispatch = callerOf<object, [object], boolean>('EventTarget', 'dispatchEvent');
export const stop = callerOf<object, []>('Event', 'stopImmediatePropagation');
const prevent = callerOf<object, []>('Event', 'preventDefault');

/**
 * Watches the workers that this thread makes, and enters those that it can: what the engine loads is a script of
 * ours, under a `blob:` URL, that loads first the prelude and then the page’s own script.
 */
export function observeWorkers(witness: Witness, channels: Channels, host: WorkerHost): void {
  if (!Worker || !Blob || !URL || !MessageChannel || !MessageEvent || !Event || !ErrorEvent) return;
  if (!hrefOf || !originOf || !protocolOf) return;
  const { patches } = witness;
  const post = callerOf<object, readonly unknown[]>('Worker', 'postMessage');
  const createURL = ownData(URL, 'createObjectURL') as Native;
  const revokeURL = ownData(URL, 'revokeObjectURL') as Native;
  const entries = new IntrinsicWeakMap<object, WorkerEntry>();
  /** Uses of a `blob:` URL of the page’s; those that it has revoked meanwhile are negative. */
  const uses = new IntrinsicMap<string, { count: number; isRevoked: boolean }>();
  let count = 0;

  const guard = (run: () => void): void => {
    try {
      run();
    } catch (error) {
      witness.fault(error);
    }
  };
  const make = (Class: Native, ...args: readonly unknown[]): object =>
    construct(Class as never, args);
  const parse = (text: string): object | undefined => attempt(() => make(URL, text, host.base()));
  const revoke = (url: string): void => {
    apply(revokeURL, URL, [url]);
  };

  patches.method(URL, 'revokeObjectURL', (native, self, args) => {
    const use = args.length > 0 ? mapGet(uses, args[0] as string) : undefined;
    if (!use) return apply(native, self, args);
    use.isRevoked = true;
    return undefined;
  });

  /** Keeps a URL of the page’s alive until the worker has loaded it. */
  const keep = (url: string): (() => void) => {
    const use = mapGet(uses, url) ?? { count: 0, isRevoked: false };
    let isKept = true;
    use.count++;
    mapSet(uses, url, use);
    return () => {
      if (!isKept) return;
      isKept = false;
      if (--use.count > 0) return;
      mapDelete(uses, url);
      if (use.isRevoked) revoke(url);
    };
  };

  const canEnter = (url: object): boolean => {
    const protocol = protocolOf(url);
    if (protocol !== 'http:' && protocol !== 'https:' && protocol !== 'blob:') return false;
    return originOf(url) === ownOrigin && indexOf(hrefOf(url), '\\') < 0;
  };

  /** Makes a worker that is to be entered. What is thrown here is for the page. */
  const enter = (
    native: Native,
    newTarget: Native,
    { url, options }: Plan,
    seq: number,
  ): object => {
    const parsed = parse(url);
    if (!parsed || !canEnter(parsed)) {
      const worker = constructAs(native, [url, options], newTarget);
      guard(() => created(worker, parsed ? hrefOf(parsed) : url, options, 'foreign', seq));
      return worker;
    }
    const name = host.randomName();
    const href = hrefOf(parsed);
    const stand = createStand(name, href, options?.type === 'module');
    const release = protocolOf(parsed) === 'blob:' ? keep(href) : undefined;
    let worker: object;
    try {
      worker = constructAs(native, [stand, options], newTarget);
    } catch (error) {
      revoke(stand);
      release?.();
      throw error;
    }
    guard(() => {
      const entry = created(worker, href, options, 'yes', seq, name, stand);
      entry.again = () => constructAs(native, [href, options], native);
      entry.relay = (type, failure) => {
        const Failure = messageFrom(failure) === undefined ? Event : ErrorEvent;
        const copy = make(type === 'error' ? Failure : MessageEvent, type, failure);
        if (!dispatch(worker, copy)) prevent(failure);
      };
      entry.release = () => {
        revoke(stand);
        release?.();
      };
      pass(worker, entry);
      host.entered(worker, entry);
      host.after(LOAD_MS, entry.release);
    });
    return worker;
  };

  const createStand = (name: string, href: string, isModule: boolean): string => {
    const prelude = `${host.prelude}?${PASSAGE_NAME}=${name}&${encode(href)}`;
    const text = isModule
      ? `import "${prelude}";import "${href}";`
      : `importScripts("${prelude}","${href}");`;
    const options = { __proto__: null, type: 'text/javascript' };
    return apply(createURL, URL, [make(Blob, [text], options)]) as string;
  };

  const pass = (worker: object, entry: WorkerEntry): void => {
    const { id, name, url } = entry;
    const channel = make(MessageChannel);
    const port = secondPortOf?.(channel) as object;
    const cells = host.pass({
      worker: id,
      url,
      port: firstPortOf?.(channel) as object,
      self: worker,
      say: (to, data) => post(to, { __proto__: null, name, data }),
    });
    post(worker, { __proto__: null, name, port, cells }, transferring(port));
  };

  const created = (
    worker: object,
    url: string,
    options: WorkerOptionsRead | undefined,
    entered: WorkerEntered,
    seq: number,
    name?: string,
    stand = '',
  ): WorkerEntry => {
    const isModule = options?.type === 'module';
    const id = ++count as WorkerId;
    const entry: WorkerEntry = {
      id,
      name,
      url,
      stand,
      isModule,
      options,
      hasStarted: false,
      via: undefined,
      other: undefined,
      again: undefined,
      relay: undefined,
      proven: undefined,
      replaced: undefined,
      release: () => undefined,
    };
    weakMapSet(entries, worker, entry);
    if (name !== undefined) listen(worker, 'message', onFirstWords);
    listen(worker, 'error', onError);
    const end = channels.adopt(worker);
    witness.record(
      'workerCreated',
      {
        worker: id,
        end: end?.id ?? (0 as EndId),
        url,
        name: typeof options?.name === 'string' ? options.name : '',
        type: isModule ? 'module' : 'classic',
        entered,
        stack: witness.stack(),
      },
      seq,
    );
    return entry;
  };

  /** That it has started, a worker says on the page’s channel; one that closes meanwhile hears nothing, and says all. */
  function onFirstWords(this: object, event: object): void {
    const entry = weakMapGet(entries, this);
    if (!entry || entry.hasStarted || !isTrusted(event)) return;
    // Before the page hears it: its answer must not be held.
    guard(() => entry.proven?.());
    const said = dataOf?.(event);
    if (typeof said !== 'object' || said === null || ownData(said, 'name') !== entry.name) return;
    stop(event);
    const words = ownData(said, 'records');
    entry.hasStarted = true;
    forget(this, 'message', onFirstWords);
    const end = ownData(said, 'counts') === true ? channels.of(this) : undefined;
    if (end) end.isCounted = true;
    guard(() => {
      if (words) host.lastWords(entry.id, words);
      entry.release();
    });
  }

  function onError(this: object, event: object): void {
    const entry = weakMapGet(entries, this);
    if (!entry || !isTrusted(event)) return;
    guard(() => failed(this, entry, event));
  }

  const failed = (worker: object, entry: WorkerEntry, event: object): void => {
    const message = messageFrom(event);
    const file = filenameFrom(event);
    // What goes wrong in the script that we gave the engine is that it could not load the page's.
    const isMissing = message === undefined || (file !== '' && file === entry.stand);
    if (message === undefined && host.refused(worker, entry)) {
      stop(event);
      return;
    }
    const clean = isMissing ? '' : cleaned(entry, message, file);
    const place = file === '' ? '' : ` (${file}:${linenoOf?.(event)})`;
    over(entry, isMissing ? 'not-loaded' : 'error', isMissing ? '' : clean + place);
    if (message === undefined || clean === message) return;
    stop(event);
    const init = {
      __proto__: null,
      cancelable: true,
      message: clean,
      filename: file,
      lineno: linenoOf?.(event),
      colno: colnoOf?.(event),
      error: null,
    };
    // The engine takes an event that was stopped for handled by the page; one that nobody has handled is an error of
    // this scope next.
    const isHandled =
      !dispatch(worker, make(isMissing ? Event : ErrorEvent, 'error', init)) ||
      isMissing ||
      !dispatch(globalThis, make(ErrorEvent, 'error', init));
    if (isHandled) prevent(event);
  };

  /** An error that nobody has handled does not end a worker. */
  const over = (
    entry: WorkerEntry,
    how: 'terminated' | 'not-loaded' | 'error',
    reason: string,
  ): void => {
    const stack = how === 'terminated' ? witness.stack() : '';
    witness.record('workerEnded', { worker: entry.id, how, reason, stack });
    if (how !== 'error') host.ended(entry.id);
    entry.release();
  };

  patches.constructible(globalThis, 'Worker', (native, args, newTarget) => {
    const seq = witness.next();
    const entered = attempt(() => host.entering()) ?? 'limit';
    if (entered === 'yes' && args.length > 0 && typeof args[0] !== 'symbol') {
      return enter(native, newTarget, readPlan(args), seq);
    }
    const worker = constructAs(native, args, newTarget);
    guard(() => {
      const given = args[0];
      const url = typeof given === 'string' ? given : attempt(() => hrefOf(given as object));
      const parsed = url === undefined ? undefined : parse(url);
      created(worker, parsed ? hrefOf(parsed) : '', dataOptions(args[1]), entered, seq);
    });
    return worker;
  });

  const through: ApplyTrap = (native, self, args) =>
    channels.post(
      host.mayRedirect ? (weakMapGet(entries, self as object)?.via ?? native) : native,
      self,
      args,
    );
  patches.fast(Worker.prototype, 'postMessage', shapeOfPost, through);
  channels.observeHandlers(Worker.prototype);
  patches.method(Worker.prototype, 'terminate', (native, self, args) => {
    const entry = weakMapGet(entries, self as object);
    const result = apply(native, entry?.other ?? self, args);
    if (entry) {
      guard(() => over(entry, 'terminated', ''));
    }
    return result;
  });
}

/** Undefined where `run` throws. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

/** In the order in which the engine reads them. */
const MEMBERS = ['credentials', 'name', 'type'] as const;

/** Reads what the page passed as the engine would: each part once, in order, converted before the next is read. */
function readPlan(args: readonly unknown[]): Plan {
  const url = `${args[0] as string}`;
  const given = args.length > 1 ? args[1] : undefined;
  if (typeof given !== 'function' && (typeof given !== 'object' || given === null)) {
    return { url, options: given as undefined };
  }
  const options = { __proto__: null } as { [member: string]: unknown };
  for (let i = 0; i < MEMBERS.length; i++) {
    const member = MEMBERS[i] as keyof WorkerOptionsRead;
    const value = (given as WorkerOptionsRead)[member];
    // The engine refuses symbols in its own words.
    if (value !== undefined) options[member] = typeof value === 'symbol' ? value : `${value}`;
  }
  return { url, options };
}

function dataOptions(value: unknown): WorkerOptionsRead {
  if (typeof value !== 'object' || value === null) return {};
  return { name: ownData(value, 'name'), type: ownData(value, 'type') };
}

/** Undefined for any event but an `ErrorEvent`. */
function messageFrom(event: object): string | undefined {
  return attempt(() => messageOf?.(event));
}

function filenameFrom(event: object): string {
  return attempt(() => filenameOf?.(event)) ?? '';
}

/** The message as it would be if the engine itself had loaded the script. */
function cleaned({ isModule, stand, url }: WorkerEntry, message: string, file: string): string {
  const prefix = NOT_PARSED + IMPORT_FAILED;
  if (isModule || stand === '' || indexOf(message, prefix) !== 0) return message;
  const hash = indexOf(url, '#');
  if (file !== url && file !== (hash < 0 ? url : slice(url, 0, hash))) return message;
  return NOT_PARSED + slice(message, prefix.length);
}
