import { apply } from '../base/intrinsics.ts';
import { HANDSHAKE, type PageMessage } from '../shared/messages.ts';

export interface Channel {
  /** URL of the worklet prelude. */
  readonly prelude: string;
  /** Delivers to the content script before it returns. */
  send(message: PageMessage): void;
  listen(heard: (command: unknown) => void): void;
}

/**
 * Shakes hands with the content script, which runs just before us. Undefined when it does not answer.
 *
 * Both worlds hold the same `MessagePort` object. What we say is dispatched on it as an event, so that it
 * is heard synchronously and in order: a message posted while a page is going away would not arrive. The
 * engine clones its data for the other world. Answers come as messages on the port's other end.
 */
export function openChannel(): Channel | undefined {
  const { port1, port2 } = new MessageChannel();
  const { addEventListener, removeEventListener, dispatchEvent } = EventTarget.prototype;
  const Message = MessageEvent;
  const dataOf = Object.getOwnPropertyDescriptor(MessageEvent.prototype, 'data')?.get;
  let detail: unknown;
  const answered = (event: Event): void => {
    ({ detail } = event as CustomEvent);
  };
  apply(addEventListener, globalThis, [HANDSHAKE.fromContent, answered]);
  dispatchEvent.call(globalThis, new Message(HANDSHAKE.fromPage, { source: port2 }));
  apply(removeEventListener, globalThis, [HANDSHAKE.fromContent, answered]);
  if (typeof detail !== 'string' || !dataOf) return undefined;
  const { prelude } = JSON.parse(detail) as { readonly prelude: string };
  return {
    prelude,
    send(message) {
      const init = { __proto__: null, data: message } as MessageEventInit;
      apply(dispatchEvent, port2, [new Message('message', init)]);
    },
    listen(heard) {
      const listener = (event: Event): void => heard(apply(dataOf, event, []));
      apply(addEventListener, port1, ['message', listener]);
      port1.start();
    },
  };
}
