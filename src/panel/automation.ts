import type { Finding } from '../analysis/finding.ts';
import type { MemoryLevel } from '../shared/settings.ts';

/**
 * What tests and the command line may ask of a panel, as `globalThis.lifelinePanel`. Extension pages
 * only; the inspected page cannot reach it.
 */
export interface PanelAutomation {
  /** Resolves when all that the frames recorded before the call is in the session and judged. */
  flush(timeoutMs: number): Promise<{ readonly complete: boolean }>;
  /** Stores the seed of stress teardown (0: none), for pages that are opened once it has resolved; gives what it was. */
  setStress(seed: number): Promise<number>;
  /** Stores how much is seen of memory, likewise. */
  setMemory(level: MemoryLevel): Promise<MemoryLevel>;
  /** Stores how many megabytes of freed blocks may rest, likewise. */
  setQuarantine(megabytes: number): Promise<number>;
  findings(): Promise<readonly Finding[]>;
  /** Selects a finding as a click on its row does, so that its detail shows. */
  selectFinding(id: string): Promise<void>;
  /** The session as the bytes of a `.lifeline` file, in base64. */
  sessionBase64(): Promise<string>;
  /** The trace as the bytes of a `.pftrace` file, in base64. */
  traceBase64(): Promise<string>;
  /** Resolves when the worker has answered everything and the canvas shows it. */
  idle(): Promise<void>;
}

declare global {
  var lifelinePanel: PanelAutomation | undefined;
}
