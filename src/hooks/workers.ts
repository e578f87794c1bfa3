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
import { constructAs, type Native } from '../base/patch.ts';
import { PASSAGE_NAME, type PassageCells } from '../shared/passage.ts';
import type { WorkerEntered } from '../shared/records.ts';
import { transferring } from '../shared/transferring.ts';
import type { EndId, WorkerId } from '../shared/units.ts';
import { type Channels, isTrusted } from './channels.ts';
import { getterFrom, methodFrom, prototypeOf } from './interfaces.ts';
import type { Witness } from './witness.ts';

/** How long the page’s own URL of a script that is being loaded is kept from being revoked. */
const LOAD_MS = 10_000;
const IMPORT_FAILED = "Failed to execute 'importScripts' on 'WorkerGlobalScope': ";
const NOT_LOADED = 'Uncaught NetworkError: ';
const NOT_PARSED = 'Uncaught SyntaxError: ';

/** The other end of the private port of a worker that we enter. */
export interface EnteredWorker {
  readonly worker: WorkerId;
  /** What to call its thread. */
  readonly label: string;
  readonly port: object;
  /** To be called when the worker has said anything. */
  readonly started: () => void;
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
  /** The worker will say no more than it has said. */
  ended(worker: WorkerId): void;
  /** What an entered worker has said that closed before it could hear us. */
  lastWords(worker: WorkerId, words: unknown): void;
  after(milliseconds: number, run: () => void): void;
}

/** What is known of a `Worker` object. */
interface WorkerEntry {
  readonly id: WorkerId;
  /** Undefined where the worker is left to itself. */
  readonly name: string | undefined;
  /** The script’s URL as the page gave it, and the one that we gave the engine. */
  readonly url: string;
  readonly stand: string;
  readonly isModule: boolean;
  hasStarted: boolean;
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

type Listener = (this: object, event: object) => void;

const globals = globalThis as unknown as {
  readonly [name: string]: (Native & { readonly prototype: object }) | undefined;
};
const { Worker, Blob, URL, MessageChannel, Event, ErrorEvent } = globals;
const encode = globalThis.encodeURIComponent;
const urlPrototype = prototypeOf('URL');
const hrefOf = getterFrom<object, string>(urlPrototype, 'href');
const originOf = getterFrom<object, string>(urlPrototype, 'origin');
const protocolOf = getterFrom<object, string>(urlPrototype, 'protocol');
const eventPrototype = prototypeOf('Event');
const errorPrototype = prototypeOf('ErrorEvent');
const messageOf = getterFrom<object, string>(errorPrototype, 'message');
const filenameOf = getterFrom<object, string>(errorPrototype, 'filename');
const linenoOf = getterFrom<object, number>(errorPrototype, 'lineno');
const colnoOf = getterFrom<object, number>(errorPrototype, 'colno');
const dataOf = getterFrom<object, unknown>(prototypeOf('MessageEvent'), 'data');

/**
 * Watches the workers that this thread makes, and enters those that it can: what the engine loads is a script of
 * ours, under a `blob:` URL, that loads first the prelude and then the page’s own script.
 */
export function observeWorkers(witness: Witness, channels: Channels, host: WorkerHost): void {
  if (!Worker || !Blob || !URL || !MessageChannel || !Event || !ErrorEvent) return;
  if (!hrefOf || !originOf || !protocolOf || !urlPrototype) return;
  const { patches } = witness;
  const post = methodFrom<object, readonly unknown[]>(Worker.prototype, 'postMessage');
  const target = prototypeOf('EventTarget');
  const listen = methodFrom<object, [string, Listener, boolean?]>(target, 'addEventListener');
  const unlisten = methodFrom<object, [string, Listener, boolean?]>(target, 'removeEventListener');
  const dispatch = methodFrom<object, [object], boolean>(target, 'dispatchEvent');
  const stop = methodFrom<object, []>(eventPrototype, 'stopImmediatePropagation');
  const prevent = methodFrom<object, []>(eventPrototype, 'preventDefault');
  const createURL = ownData(URL, 'createObjectURL') as Native;
  const revokeURL = ownData(URL, 'revokeObjectURL') as Native;
  const firstOf = getterFrom<object, object>(MessageChannel.prototype, 'port1');
  const secondOf = getterFrom<object, object>(MessageChannel.prototype, 'port2');
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
  const parse = (text: string, base?: string): object | undefined => {
    try {
      return make(URL, text, base);
    } catch {
      return undefined;
    }
  };
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

  const own = parse(host.base());
  const canEnter = (url: object): boolean => {
    const protocol = protocolOf(url);
    if (protocol !== 'http:' && protocol !== 'https:' && protocol !== 'blob:') return false;
    return own !== undefined && originOf(url) === originOf(own) && indexOf(hrefOf(url), '\\') < 0;
  };

  /** Makes a worker that is to be entered. What is thrown here is for the page. */
  const enter = (
    native: Native,
    newTarget: Native,
    { url, options }: Plan,
    seq: number,
  ): object => {
    const parsed = parse(url, host.base());
    if (!parsed || !canEnter(parsed)) {
      const worker = constructAs(native, [url, options], newTarget);
      guard(() => created(worker, parsed ? hrefOf(parsed) : url, options, 'foreign', seq));
      return worker;
    }
    const name = host.randomName();
    const href = hrefOf(parsed);
    const isModule = options?.type === 'module';
    const stand = createStand(name, href, isModule);
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
      entry.release = () => {
        revoke(stand);
        release?.();
      };
      pass(worker, entry);
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
    const port = secondOf?.(channel) as object;
    const started = (): void => {
      entry.hasStarted = true;
      entry.release();
    };
    const entered = {
      worker: id,
      label: `worker ${url}`,
      port: firstOf?.(channel) as object,
      started,
    };
    const passage = { __proto__: null, name, port, cells: host.pass(entered) };
    post(worker, passage, transferring(port));
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
      hasStarted: false,
      release: () => undefined,
    };
    weakMapSet(entries, worker, entry);
    if (name !== undefined) listen(worker, 'message', onLastWords);
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

  /** A worker that closes while its script runs hears nothing, so it says all on the page’s channel. */
  function onLastWords(this: object, event: object): void {
    const entry = weakMapGet(entries, this);
    if (!entry || entry.hasStarted || !isTrusted(event)) return;
    const said = dataOf?.(event);
    if (typeof said !== 'object' || said === null || ownData(said, 'name') !== entry.name) return;
    stop(event);
    guard(() => host.lastWords(entry.id, ownData(said, 'records')));
    entry.release();
  }

  function onError(this: object, event: object): void {
    const entry = weakMapGet(entries, this);
    if (!entry || !isTrusted(event)) return;
    guard(() => failed(this, entry, event));
  }

  const failed = (worker: object, entry: WorkerEntry, event: object): void => {
    const message = messageFrom(event);
    if (message === undefined || isNotLoaded(entry, message, event)) {
      ended(entry, 'not-loaded', '');
      host.ended(entry.id);
      entry.release();
      if (message === undefined) return;
      stop(event);
      prevent(event);
      dispatch(worker, make(Event, 'error', { __proto__: null, cancelable: true }));
      return;
    }
    const file = filenameOf?.(event) ?? '';
    const clean = cleaned(entry, message, file);
    ended(entry, 'error', file === '' ? clean : `${clean} (${file}:${linenoOf?.(event)})`);
    if (clean === message) return;
    stop(event);
    const again = (): object =>
      make(ErrorEvent, 'error', {
        __proto__: null,
        cancelable: true,
        message: clean,
        filename: file,
        lineno: linenoOf?.(event),
        colno: colnoOf?.(event),
        error: null,
      });
    if (!dispatch(worker, again())) {
      prevent(event);
      return;
    }
    // What nobody has handled is an error of this scope next.
    const onScope = function (this: object, next: object): void {
      if (messageFrom(next) !== message) return;
      stop(next);
      if (!dispatch(globalThis, again())) prevent(next);
    };
    listen(globalThis, 'error', onScope, true);
    host.after(0, () => unlisten(globalThis, 'error', onScope, true));
  };

  const ended = (
    entry: WorkerEntry,
    how: 'terminated' | 'not-loaded' | 'error',
    reason: string,
  ) => {
    const stack = how === 'terminated' ? witness.stack() : '';
    witness.record('workerEnded', { worker: entry.id, how, reason, stack });
  };

  patches.constructible(globalThis, 'Worker', (native, args, newTarget) => {
    const seq = witness.next();
    const entered = decide(host, witness);
    if (entered !== 'yes' || args.length === 0 || typeof args[0] === 'symbol') {
      const worker = constructAs(native, args, newTarget);
      guard(() => {
        const url = addressIn(args[0]);
        created(worker, parsedAddress(url), dataOptions(args[1]), entered, seq);
      });
      return worker;
    }
    return enter(native, newTarget, readPlan(args), seq);
  });

  const parsedAddress = (url: string): string => {
    const parsed = parse(url, host.base());
    return parsed ? hrefOf(parsed) : url;
  };

  patches.method(Worker.prototype, 'postMessage', channels.post);
  patches.method(Worker.prototype, 'onmessage', channels.setHandler, 'set');
  patches.method(Worker.prototype, 'terminate', (native, self, args) => {
    const result = apply(native, self, args);
    const entry = weakMapGet(entries, self as object);
    if (entry) {
      guard(() => {
        ended(entry, 'terminated', '');
        host.ended(entry.id);
        entry.release();
      });
    }
    return result;
  });
}

function decide(host: WorkerHost, witness: Witness): WorkerEntered {
  try {
    return host.entering();
  } catch (error) {
    witness.fault(error);
    return 'limit';
  }
}

/** Reads what the page passed as the engine would: each part once, in order, converted before the next is read. */
function readPlan(args: readonly unknown[]): Plan {
  const url = `${args[0] as string}`;
  const given = args.length > 1 ? args[1] : undefined;
  if (typeof given !== 'function' && (typeof given !== 'object' || given === null)) {
    return { url, options: given as undefined };
  }
  const options = { __proto__: null } as { -readonly [member in keyof WorkerOptionsRead]: unknown };
  const source = given as WorkerOptionsRead;
  const credentials = converted(source.credentials);
  if (credentials !== undefined) options.credentials = credentials;
  const name = converted(source.name);
  if (name !== undefined) options.name = name;
  const type = converted(source.type);
  if (type !== undefined) options.type = type;
  return { url, options };
}

/** What the engine would make of a member: a text, but for what it refuses. */
function converted(value: unknown): unknown {
  return value === undefined || typeof value === 'symbol' ? value : `${value as string}`;
}

/** The URL that was passed, without running code of the page. */
function addressIn(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return hrefOf?.(value as object) ?? '';
  } catch {
    return '';
  }
}

function dataOptions(value: unknown): WorkerOptionsRead {
  if (typeof value !== 'object' || value === null) return {};
  return { name: ownData(value, 'name'), type: ownData(value, 'type') };
}

/** Undefined for any event but an `ErrorEvent`. */
function messageFrom(event: object): string | undefined {
  try {
    return messageOf?.(event);
  } catch {
    return undefined;
  }
}

function isNotLoaded({ isModule, stand }: WorkerEntry, message: string, event: object): boolean {
  return (
    !isModule &&
    stand !== '' &&
    indexOf(message, NOT_LOADED + IMPORT_FAILED) === 0 &&
    filenameOf?.(event) === stand
  );
}

/** The message as it would be if the engine itself had loaded the script. */
function cleaned({ isModule, stand, url }: WorkerEntry, message: string, file: string): string {
  const prefix = NOT_PARSED + IMPORT_FAILED;
  if (isModule || stand === '' || indexOf(message, prefix) !== 0) return message;
  const hash = indexOf(url, '#');
  if (file !== url && file !== (hash < 0 ? url : slice(url, 0, hash))) return message;
  return NOT_PARSED + slice(message, prefix.length);
}
