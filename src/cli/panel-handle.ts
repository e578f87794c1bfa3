import { setTimeout as sleep } from 'node:timers/promises';
import type { Frame } from 'playwright-core';
import type { MemoryLevel } from '../shared/settings.ts';
import type { OpenPanel } from './devtools-panel.ts';
import { Failure } from './failure.ts';

const READY_MS = 15_000;
const POLL_MS = 25;
const IDLE_MS = 5_000;
const PICTURE_MS = 10_000;

/** What the command line asks of the real panel, through `globalThis.lifelinePanel`. */
export interface PanelHandle {
  /** `complete` is false when a frame did not answer in time. */
  flush(timeoutMs: number): Promise<{ readonly complete: boolean }>;
  /** Stores the seed of stress teardown for the pages to come, or how much is seen of memory; gives what it was. */
  setStress(seed: number): Promise<number>;
  setMemory(level: MemoryLevel): Promise<MemoryLevel>;
  /** Stores how many megabytes of freed blocks may rest; gives what it was. */
  setQuarantine(megabytes: number): Promise<number>;
  /** The bytes of a `.lifeline` file. */
  session(): Promise<Uint8Array<ArrayBuffer>>;
  /** A PNG of the panel at rest, with its first finding selected. */
  picture(): Promise<Uint8Array>;
}

/** Waits until the panel has started. The code that runs in it is text: it is of another realm. */
export async function attachPanel({ frame }: OpenPanel): Promise<PanelHandle> {
  const deadline = Date.now() + READY_MS;
  // Not `waitForFunction`: the policy of extension pages forbids what it does.
  while (!(await frame.evaluate<boolean>('globalThis.lifelinePanel !== undefined'))) {
    if (Date.now() > deadline) throw new Failure('the Lifeline panel did not start');
    await sleep(POLL_MS);
  }
  return {
    flush: (timeoutMs) => frame.evaluate(`lifelinePanel.flush(${timeoutMs})`),
    setStress: (seed) => frame.evaluate(`lifelinePanel.setStress(${seed})`),
    setMemory: (level) => frame.evaluate(`lifelinePanel.setMemory('${level}')`),
    setQuarantine: (megabytes) => frame.evaluate(`lifelinePanel.setQuarantine(${megabytes})`),
    session: async () => {
      const text = await frame.evaluate<string>('lifelinePanel.sessionBase64()');
      return new Uint8Array(Buffer.from(text, 'base64'));
    },
    picture: () => picture(frame),
  };
}

async function picture(frame: Frame): Promise<Uint8Array> {
  await frame.evaluate(`(async () => {
    const [first] = await lifelinePanel.findings();
    if (first !== undefined) await lifelinePanel.selectFinding(first.id);
    await Promise.race([lifelinePanel.idle(), new Promise((done) => setTimeout(done, ${IDLE_MS}))]);
  })()`);
  const element = await frame.frameElement();
  return element.screenshot({ type: 'png', timeout: PICTURE_MS });
}
