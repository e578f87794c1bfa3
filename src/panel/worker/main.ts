import type { FromWorker, ToWorker } from './protocol.ts';
import { type HostPorts, SessionHost } from './session-host.ts';

declare const self: DedicatedWorkerGlobalScope;

const ports: HostPorts = {
  send: (message: FromWorker, transfer) => self.postMessage(message, transfer),
  now: () => performance.now(),
  later: (run, ms) => {
    setTimeout(() => guarded(run), ms);
  },
};
const host = new SessionHost(ports);

self.addEventListener('message', (event: MessageEvent<ToWorker>) => {
  guarded(() => host.receive(event.data));
});

function guarded(run: () => void): void {
  try {
    run();
  } catch (error) {
    const message = error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : `${error}`;
    self.postMessage({ kind: 'fault', message } satisfies FromWorker);
  }
}
