import { forget, type Heard } from '../hooks/channels.ts';
import { dispatch } from '../hooks/workers.ts';
import { type EarlyMessage, HANDSHAKE, type PageMessage } from '../shared/messages.ts';
import type { PageRealm } from './page-realm.ts';

export interface Channel {
  /** URL of the folder of our scripts, with its slash. */
  readonly base: string;
  /** Delivers to the content script before it returns. */
  send(message: PageMessage | EarlyMessage): void;
  listen(heard: (command: unknown) => void): void;
}

/**
 * Shakes hands with the content script, which runs just before us. Undefined when it does not answer.
 *
 * Both worlds hold the same `MessagePort` object. What we say is dispatched on it as an event, so that it
 * is heard synchronously and in order: a message posted while a page is going away would not arrive. The
 * engine clones its data for the other world. Answers come as messages on the port's other end.
 */
export function openChannel(realm: PageRealm): Channel | undefined {
  const { port1, port2 } = new MessageChannel();
  const Message = MessageEvent;
  let base: unknown;
  const answered = (event: Event): void => {
    base = realm.dataOf(event);
  };
  realm.listen(globalThis, HANDSHAKE.fromContent, answered);
  const init = { __proto__: null, source: port2, data: realm.isolated } as MessageEventInit;
  dispatch(globalThis, new Message(HANDSHAKE.fromPage, init));
  forget(globalThis, HANDSHAKE.fromContent, answered as Heard);
  if (typeof base !== 'string') return undefined;
  return {
    base,
    send(message) {
      const init = { __proto__: null, data: message } as MessageEventInit;
      dispatch(port2, new Message('message', init));
    },
    listen(heard) {
      realm.listen(port1, 'message', (event) => heard(realm.dataOf(event)));
      realm.start(port1);
    },
  };
}
