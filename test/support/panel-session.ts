import type { Frame } from 'playwright-core';
import { Session } from '../../src/analysis/session.ts';
import { parseSessionFile } from '../../src/export/session-file.ts';

const POLL_MS = 50;
/** A busy machine takes its time. */
const FLUSH_MS = 30_000;

/** What the panel holds now, after all that the page recorded before has arrived. */
export async function readSession(panel: Frame): Promise<Session> {
  return flushed(panel, FLUSH_MS);
}

async function flushed(panel: Frame, withinMs: number): Promise<Session> {
  await panel.evaluate(`lifelinePanel.flush(${withinMs})`);
  return sessionNow(panel);
}

/** What the panel holds now, without asking a page. */
export async function sessionNow(panel: Frame): Promise<Session> {
  const base64 = await panel.evaluate<string>('lifelinePanel.sessionBase64()');
  const inputs = parseSessionFile(new Uint8Array(Buffer.from(base64, 'base64')));
  if (!inputs.ok) throw new Error(inputs.error);
  const session = new Session();
  for (const input of inputs.value) {
    const taken = session.ingest(input);
    if (!taken.ok) throw new Error(taken.error);
  }
  return session;
}

/** Reads the session again and again until `holds` is true of it. */
export async function sessionOnce(
  panel: Frame,
  holds: (session: Session) => boolean,
  timeoutMs = 15_000,
): Promise<Session> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const session = await flushed(panel, 5000);
    if (holds(session)) return session;
    if (Date.now() > deadline) {
      const seen = session.documents.map(({ id, url, nodes, goneAt }) => ({
        id: id.slice(0, 4),
        url,
        nodes: nodes.size,
        goneAt,
      }));
      throw new Error(`never true; the session holds ${JSON.stringify(seen)}`);
    }
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}
