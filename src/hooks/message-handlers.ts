import { apply } from '../base/intrinsics.ts';
import type { ApplyTrap, Native } from '../base/patch.ts';
import type { Channels, Heard } from './channels.ts';
import { holdPrivately } from './private-hold.ts';

/** What stands in the place of one object’s `onmessage`. */
interface Stand {
  /** The setter that it was put in place by. */
  readonly setter: Native;
  /** What the page has set; any object may be. */
  handler: unknown;
  /** Calls the handler in its turn among the listeners, where it was set again after there had been none. */
  inTurn: Heard | undefined;
}

/**
 * Tells of messages in the page's own `onmessage`, for which a function of ours stands, in place of a listener beside
 * it: the engine's call of one more listener costs as much as all that is told of a message.
 */
export class MessageHandlers {
  readonly #channels: Channels;
  readonly #scope: object;
  readonly #stands = holdPrivately<Stand>();
  /** Global scopes hold nothing for us. */
  #scopeStand: Stand | undefined;

  /** `scope` is what setters mean that are called without an object. */
  constructor(channels: Channels, scope: object) {
    this.#channels = channels;
    this.#scope = scope;
    channels.handlers = this;
  }

  readonly get: ApplyTrap = (native, self, args) => {
    const current = apply(native, self, args);
    const stand = this.#of(self ?? this.#scope);
    return stand && current ? stand.handler : current;
  };

  readonly set: ApplyTrap = (native, self, args) => {
    const target = (self ?? this.#scope) as object;
    const end = this.#channels.of(target);
    const value = args[0];
    const stand = this.#of(target);
    if (stand?.setter === native) this.#change(target, stand, value);
    else if (!end || end.listened || typeof value !== 'function') return apply(native, self, args);
    else {
      const made: Stand = { setter: native, handler: value, inTurn: undefined };
      apply(native, self, [this.#heardBy(made)]);
      this.#channels.forget(target, 'message', this.#channels.onMessage);
      if (target === this.#scope) this.#scopeStand = made;
      else this.#stands.set(target, made);
    }
    return undefined;
  };

  #of(target: unknown): Stand | undefined {
    return target === this.#scope ? this.#scopeStand : this.#stands.get(target);
  }

  /** Ours stays where it is, the first of all, whatever the page sets. */
  #change(target: object, stand: Stand, value: unknown): void {
    const isNew = stand.handler === null;
    stand.handler = typeof value === 'function' || typeof value === 'object' ? value : null;
    if (stand.handler === null && stand.inTurn)
      this.#channels.forget(target, 'message', stand.inTurn);
    if (stand.handler === null || !isNew) return;
    stand.inTurn ??= function () {
      // biome-ignore lint/complexity/noArguments: handed on as it came
      call(stand.handler, this, arguments);
    };
    this.#channels.listen(target, 'message', stand.inTurn);
  }

  #heardBy(stand: Stand): (this: object, event: object) => unknown {
    const channels = this.#channels;
    return function (event) {
      channels.received(this, event, false);
      if (stand.inTurn) return undefined;
      // biome-ignore lint/complexity/noArguments: handed on as it came
      return call(stand.handler, this, arguments);
    };
  }
}

function call(handler: unknown, self: unknown, args: IArguments): unknown {
  if (typeof handler !== 'function') return undefined;
  return apply(handler as never, self, args as never);
}
