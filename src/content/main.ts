import { type FrameMessage, HANDSHAKE, PROTOCOL_VERSION, WAKE } from '../shared/messages.ts';
import { parseSettings, SETTINGS_KEY } from '../shared/settings.ts';
import { extension } from './extension.ts';
import { Relay } from './relay.ts';

const NOT_STARTED = 'the recorder did not start in this document';

/**
 * Runs in every frame just before the script in the page's own world, which speaks first. The page's
 * scripts have not begun: nobody else can hear the hand-shake, or say it.
 */
function main(): void {
  let pagePort: MessagePort | undefined;
  let hello: FrameMessage = { kind: 'unreachable', reason: NOT_STARTED };
  let relay: Relay | undefined;
  const start = (): Relay => {
    const connect = (name: string) => extension.runtime.connect({ name });
    relay ??= new Relay({ pagePort, hello, connect });
    return relay;
  };
  const configure = (stored: unknown): void => relay?.configure(parseSettings(stored));

  addEventListener(
    HANDSHAKE.fromPage,
    (event) => {
      const { source, data: isolated } = event as MessageEvent;
      if (!(source instanceof MessagePort)) return;
      pagePort = source;
      const timeOrigin = performance.timeOrigin * 1000;
      hello = {
        kind: 'hello',
        protocol: PROTOCOL_VERSION,
        timeOrigin,
        isolated: isolated === true,
      };
      start();
      const data = extension.runtime.getURL('');
      dispatchEvent(new MessageEvent(HANDSHAKE.fromContent, { data }));
      extension.storage.local.get(SETTINGS_KEY).then(
        (stored) => configure(stored[SETTINGS_KEY]),
        (error: unknown) => {
          console.debug('Worklet Lifeline: no settings', error);
          configure(undefined);
        },
      );
    },
    { once: true },
  );
  extension.storage.onChanged.addListener((changes, area) => {
    if (area === 'local' && SETTINGS_KEY in changes) configure(changes[SETTINGS_KEY]?.newValue);
  });
  extension.runtime.onMessage.addListener((message: unknown) => {
    if (message === WAKE) start().wake();
    return undefined;
  });
  addEventListener('pageshow', (event) => {
    if (event.persisted) relay?.thaw();
  });
}

main();
