import { err, ok, type Result } from '../base/result.ts';
import { PERFETTO_ORIGIN } from '../export/open-in-perfetto.ts';
import { sessionFileName } from './download.ts';

const PING_MS = 100;
const PATIENCE_MS = 60_000;

/**
 * Hands a trace to ui.perfetto.dev. The window must be opened while the user's click still counts,
 * so it is opened first and the trace is made while it loads. The page answers `PONG` when it
 * listens, and is then given the bytes once.
 */
export async function openInPerfetto(
  url: string,
  makeTrace: () => Promise<Uint8Array<ArrayBuffer> | undefined>,
): Promise<Result<void>> {
  const opened = window.open(url);
  if (opened === null) return err('The browser did not let the panel open ui.perfetto.dev.');
  const [bytes, ready] = await Promise.all([makeTrace(), pong(opened)]);
  if (bytes === undefined) {
    opened.close();
    return ok(undefined);
  }
  if (!ready) return err('ui.perfetto.dev did not answer. Export the trace and open it there.');
  const { buffer } = bytes;
  const fileName = sessionFileName('pftrace');
  opened.postMessage(
    { perfetto: { buffer, title: 'Worklet Lifeline', fileName, localOnly: false } },
    PERFETTO_ORIGIN,
    [buffer],
  );
  return ok(undefined);
}

function pong(opened: Window): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (answered: boolean): void => {
      clearInterval(ping);
      clearTimeout(patience);
      window.removeEventListener('message', listen);
      resolve(answered);
    };
    const listen = (event: MessageEvent): void => {
      if (event.source !== opened || event.origin !== PERFETTO_ORIGIN) return;
      if (event.data === 'PONG') finish(true);
    };
    const ping = setInterval(() => {
      if (opened.closed) finish(false);
      else opened.postMessage('PING', PERFETTO_ORIGIN);
    }, PING_MS);
    const patience = setTimeout(() => finish(false), PATIENCE_MS);
    window.addEventListener('message', listen);
  });
}
