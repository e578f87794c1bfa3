import {
  apply,
  getPrototypeOf,
  IntrinsicFinalizationRegistry,
  isArray,
  min,
  ObjectPrototype,
  ownData,
  registerFinalizer,
} from '../base/intrinsics.ts';
import type { ApplyTrap, Native, Replaced, RunPatched } from '../base/patch.ts';
import { dataProperty } from '../shared/describe-error.ts';
import * as LIMITS from '../shared/limits.ts';
import type { EndState } from '../shared/records.ts';
import type { EndId } from '../shared/units.ts';
import { callerOf, getterOf, prototypeOf } from './interfaces.ts';
import type { Memories } from './memories.ts';
import { holdPrivately } from './private-hold.ts';
import { observeMade, type Witness } from './witness.ts';

/** One end of a channel that this thread holds. */
export interface End {
  readonly id: EndId;
  /** Whether all other ends of its name hear it. */
  readonly isBroadcast: boolean;
  sent: number;
  received: number;
  /** Whether what comes is sent by a thread that counts messages with ports: see `PortCount`. */
  isCounted: boolean;
  listened: boolean;
  started: boolean;
}

/** What may stand in for the accessor of `onmessage` of the objects that are ends. */
export interface Handlers {
  readonly get: ApplyTrap;
  readonly set: ApplyTrap;
}

/** How this realm tells of messages: as records or as slots. `index` counts those of the end from 0. */
export interface MessageSink {
  /** `postMessage` returned. `seq` was taken before. */
  sent(end: End, seq: number, index: number, value: unknown): void;
  /** `event` is undefined where the message could not be read. */
  received(end: End, seq: number, index: number, event: object | undefined): void;
  /** True where closing this end is told by the sink itself. */
  closed(end: End): boolean;
  /** Called when `postMessage` threw, before the error goes on; may throw another in its place. */
  refused?(native: Native, self: unknown, args: readonly unknown[]): void;
}

export interface ChannelOptions {
  readonly witness: Witness;
  readonly memories: Memories;
  readonly sink: MessageSink;
  /** The least number of an end that is neither a node's nor a scope's. */
  readonly firstEnd: number;
}

const NOBODY = { id: 0 as EndId };
const portsOf = getterOf<object, readonly object[]>('MessageEvent', 'ports');
export const dataOf = getterOf<object, unknown>('MessageEvent', 'data');
export const timeStampOf = getterOf<object, number>('Event', 'timeStamp');
export type Heard = (this: object, event: object) => void;
export const listen = callerOf<object, [string, Heard, boolean?]>(
  'EventTarget',
  'addEventListener',
);
export const forget = callerOf<object, [string, Heard]>('EventTarget', 'removeEventListener');
export const firstPortOf = getterOf<object, object>('MessageChannel', 'port1');
export const secondPortOf = getterOf<object, object>('MessageChannel', 'port2');

/** Whether the engine made the event. An own accessor of each, which the page can neither change nor hide. */
export function isTrusted(event: object): boolean {
  return (event as { readonly isTrusted: boolean }).isTrusted;
}

/**
 * Watches what goes through the ports of this realm, and through whatever else is an `adopt`ed end of a channel.
 * Ports are known from their construction or arrival on, so that our listener is the first.
 */
export class Channels {
  readonly #witness: Witness;
  readonly #memories: Memories;
  /** `postMessage` and `close` of ports, for what is to come before us. */
  posting: Replaced<ApplyTrap> | undefined;
  closing: Replaced<ApplyTrap> | undefined;
  /** May be replaced by one that says more. */
  sink: MessageSink;
  handlers: Handlers | undefined;
  readonly listen = listen;
  readonly forget = forget;
  readonly #ends = holdPrivately<End>();
  readonly #collected = new IntrinsicFinalizationRegistry<End>((end) => {
    this.#tell(end, 'collected');
  });
  /** A worker's own, which calls without an object mean. */
  #scope: object | undefined;
  #scopeEnd: End | undefined;
  #next: number;
  #count = 0;

  constructor({ witness, memories, sink, firstEnd }: ChannelOptions) {
    this.#witness = witness;
    this.#memories = memories;
    this.sink = sink;
    this.#next = firstEnd;
    this.#observePorts();
    this.#observeChannels();
    this.#observeBroadcasts();
    this.#observeListeners();
  }

  /** The end that `object` is. */
  of(object: unknown): End | undefined {
    if (object === undefined || object === null || object === this.#scope) return this.#scopeEnd;
    return this.#ends.get(object);
  }

  /** Gives `object` the number of an end; undefined once there are too many. */
  adopt(object: object, given?: EndId, isBroadcast = false): End | undefined {
    if (this.#count === LIMITS.ends) return undefined;
    this.#count++;
    const id = given ?? (this.#next as EndId);
    if (given === undefined) this.#next += 2;
    const end: End = {
      id,
      isBroadcast,
      sent: 0,
      received: 0,
      isCounted: false,
      listened: false,
      started: false,
    };
    if (object === this.#scope) this.#scopeEnd = end;
    else this.#ends.set(object, end);
    listen(object, 'message', this.onMessage);
    listen(object, 'messageerror', this.#onFailure);
    return end;
  }

  /** As `adopt`, for the object that functions of the global scope mean when they are called without one. */
  adoptScope(scope: object, id: EndId): End | undefined {
    this.#scope = scope;
    return this.adopt(scope, id);
  }

  /** As `adopt`, for a port. `id` is that of a node's. */
  adoptPort(port: object, id?: EndId): End | undefined {
    const end = this.adopt(port, id);
    if (!end) return undefined;
    listen(port, 'close', this.#onClose);
    if (id === undefined) registerFinalizer(this.#collected, port, end);
    return end;
  }

  /** Stands in for any method that posts messages. */
  readonly post: ApplyTrap = (native, self, args) => {
    const end = this.of(self);
    if (!end) return apply(native, self, args);
    const seq = this.#witness.next();
    const mayPassPorts = args.length > 1;
    if (mayPassPorts) this.#witness.ports.add(1);
    let result: unknown;
    try {
      result = apply(native, self, args);
    } catch (error) {
      if (mayPassPorts) this.#witness.ports.add(-1);
      this.sink.refused?.(native, self, args);
      throw error;
    }
    try {
      const index = end.sent++;
      this.#memories.carried('passed', end.id, index + 1, args[0], seq);
      if (mayPassPorts && !this.#passPorts(end, index + 1, args[1], seq)) {
        this.#witness.ports.add(-1);
      }
      this.sink.sent(end, seq, index, args[0]);
    } catch (fault) {
      this.#witness.fault(fault);
    }
    return result;
  };

  /** Observes the `onmessage` of what inherits it from `owner`; setting one of those that wait `starts` them. */
  observeHandlers(owner: object, starts?: true): void {
    const { patches } = this.#witness;
    const set: ApplyTrap = (native, self, args) => {
      const result = (this.handlers?.set ?? apply)(native, self, args);
      if (typeof args[0] === 'function') this.#mark(this.of(self), 'listened');
      if (starts) this.#mark(this.of(self), 'started');
      return result;
    };
    patches.method(owner, 'onmessage', set, 'set');
    const get: ApplyTrap = (native, self, args) =>
      (this.handlers?.get ?? apply)(native, self, args);
    patches.method(owner, 'onmessage', get, 'get');
  }

  #observePorts(): void {
    const { patches } = this.#witness;
    const port = prototypeOf('MessagePort');
    if (!port) return;
    this.posting = patches.fast(port, 'postMessage', shapeOfPost, this.post);
    patches.method(port, 'start', (native, self, args) => {
      const result = apply(native, self, args);
      this.#mark(this.of(self), 'started');
      return result;
    });
    this.closing = patches.method(port, 'close', this.#close);
    this.observeHandlers(port, true);
  }

  #observeChannels(): void {
    if (!firstPortOf || !secondPortOf) return;
    observeMade(this.#witness, globalThis, 'MessageChannel', (channel) => {
      const first = this.adoptPort(firstPortOf(channel));
      const second = this.adoptPort(secondPortOf(channel));
      if (!first || !second) return;
      const stack = this.#witness.stack();
      this.#witness.record('channelCreated', { first: first.id, second: second.id, stack });
    });
  }

  #observeBroadcasts(): void {
    const prototype = prototypeOf('BroadcastChannel');
    const nameOf = getterOf<object, string>('BroadcastChannel', 'name');
    if (!prototype || !nameOf) return;
    const { patches } = this.#witness;
    observeMade(this.#witness, globalThis, 'BroadcastChannel', (channel) => {
      const end = this.adopt(channel, undefined, true);
      if (end) this.#witness.record('broadcastOpened', { end: end.id, name: nameOf(channel) });
    });
    patches.fast(prototype, 'postMessage', shapeOfPost, this.post);
    patches.method(prototype, 'close', this.#close);
    this.observeHandlers(prototype);
  }

  #observeListeners(): void {
    const { patches } = this.#witness;
    const heard = (self: unknown, type: unknown, listener: unknown): void => {
      if (type === 'message' && listener && patches.isActive) this.#mark(this.of(self), 'listened');
    };
    patches.replace(prototypeOf('EventTarget') as object, 'addEventListener', (native) => {
      const stand = {
        addEventListener(this: unknown, type: unknown, listener: unknown): unknown {
          // biome-ignore lint/complexity/noArguments: how many there are is the engine's to judge
          const result = apply(native, this, arguments as unknown as readonly unknown[]);
          heard(this, type, listener);
          return result;
        },
      };
      return stand.addEventListener as unknown as Native;
    });
  }

  readonly #close: ApplyTrap = (native, self, args) => {
    const result = apply(native, self, args);
    const end = this.#ends.get(self);
    if (end && !this.sink.closed(end)) this.#tell(end, 'closed');
    return result;
  };

  readonly onMessage = hearing((port, event) => this.received(port, event, false));
  readonly #onFailure = hearing((port, event) => this.received(port, event, true));
  readonly #onClose = hearing((port, event) => {
    const end = this.of(port);
    if (end && isTrusted(event)) this.#tell(end, 'close-event');
  });

  /** A message has come for the end that `port` is. */
  received(port: object, event: object, failed: boolean): void {
    const end = this.of(port);
    if (!end || !isTrusted(event)) return;
    try {
      const seq = this.#witness.next();
      const index = end.received++;
      if (!failed) {
        if (this.#memories.isWatching) {
          this.#memories.carried('arrived', end.id, index + 1, dataOf?.(event), seq);
        }
        if (!end.isCounted || !this.#witness.ports.isZero) {
          const ports = portsOf?.(event);
          if (ports && ports.length > 0) this.#takePorts(end, index + 1, ports, seq);
        }
      }
      this.sink.received(end, seq, index, failed ? undefined : event);
    } catch (fault) {
      this.#witness.fault(fault);
    }
  }

  /** `list` is the transfer list or the options that hold it, read as data only. False where no port can be in it. */
  #passPorts(end: End, message: number, list: unknown, seq: number): boolean {
    if (typeof list !== 'object' || list === null) return false;
    const ports = isArray(list) ? list : ownData(list, 'transfer');
    // What else can be iterated over may hold any.
    if (!isArray(ports)) return ports !== undefined || getPrototypeOf(list) !== ObjectPrototype;
    let place = 0;
    for (let i = 0; i < ports.length && place < LIMITS.cargoPerMessage; i++) {
      const port = ownData(ports, i);
      if (typeof port !== 'object' || port === null || !isPort(port)) continue;
      const { id } = this.of(port) ?? this.adoptPort(port) ?? NOBODY;
      this.#ends.set(port, undefined);
      const fields = { end: end.id, message, what: 'port', place: place++, local: id } as const;
      this.#witness.record('passed', fields, seq);
    }
    return place > 0;
  }

  #takePorts(end: End, message: number, ports: readonly object[], seq: number): void {
    for (let i = 0; i < min(ports.length, LIMITS.cargoPerMessage); i++) {
      const taken = this.adoptPort(ports[i] as object);
      if (!taken) return;
      const fields = { end: end.id, message, what: 'port', place: i, local: taken.id } as const;
      this.#witness.record('arrived', fields, seq);
    }
  }

  /** Told once of each end. */
  #mark(end: End | undefined, state: 'listened' | 'started'): void {
    if (!end || end[state]) return;
    end[state] = true;
    this.#tell(end, state);
  }

  /** What no call of the page's has brought about comes without a stack. */
  #tell(end: End, state: EndState): void {
    const isCall = state !== 'close-event' && state !== 'collected';
    try {
      const stack = isCall ? this.#witness.stack() : '';
      this.#witness.record('endState', { end: end.id, state, stack });
    } catch (fault) {
      this.#witness.fault(fault);
    }
  }
}

function hearing(hear: (target: object, event: object) => void): Heard {
  return function (event) {
    hear(this, event);
  };
}

/** For `Patches.fast`: the name and the length of every `postMessage` of one argument or more. */
export function shapeOfPost(run: RunPatched): Native {
  const shape = {
    postMessage(this: unknown, _message: unknown): unknown {
      // biome-ignore lint/complexity/noArguments: how many there are is the engine's to judge
      return run(this, arguments as unknown as readonly unknown[]);
    },
  };
  return shape.postMessage as unknown as Native;
}

function isPort(object: object): boolean {
  return dataProperty(object, Symbol.toStringTag) === 'MessagePort';
}
