import { deref, floor } from '../../base/intrinsics.ts';
import type { ContextEntry } from '../entities.ts';
import type { LateObservation } from './late-observation.ts';

/**
 * Gives what, called now and then, records the underruns that the device has reported since the call
 * before. Does nothing where the browser does not tell, or for offline contexts.
 */
export function watchUnderruns(
  { entities, recorder }: LateObservation,
  entry: ContextEntry,
): () => void {
  const { playbackStats, underrunEvents, underrunDuration } = entities.natives;
  let events = 0;
  let micros = 0;
  return () => {
    const context = deref(entry.ref);
    if (!context || !playbackStats || entry.kind === 'offline') return;
    const now = playbackStats(context);
    const count = underrunEvents(now) - events;
    if (count <= 0) return;
    const duration = floor(underrunDuration(now) * 1e6) - micros;
    events += count;
    micros += duration;
    recorder.record('underrun', { context: entry.id, events: count, duration });
  };
}
