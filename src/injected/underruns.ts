import { deref, floor } from '../base/intrinsics.ts';
import type { ContextEntry } from './entities.ts';
import type { Observation } from './observation.ts';
import { getterOf, interfaceOf } from './page-realm.ts';

/**
 * Gives what, called now and then, records the underruns that the device has reported since the call
 * before. Does nothing where the browser does not tell, or for offline contexts.
 */
export function watchUnderruns(
  { entities, recorder }: Observation,
  entry: ContextEntry,
): () => void {
  const stats = interfaceOf('AudioPlaybackStats');
  const eventsOf = getterOf<object, number>(stats, 'underrunEvents');
  const secondsOf = getterOf<object, number>(stats, 'underrunDuration');
  const { playbackStats } = entities.natives;
  let events = 0;
  let micros = 0;
  return () => {
    const context = deref(entry.ref);
    if (!context || !playbackStats || !eventsOf || !secondsOf || entry.kind === 'offline') return;
    const now = playbackStats(context);
    const count = eventsOf(now) - events;
    if (count <= 0) return;
    const duration = floor(secondsOf(now) * 1e6) - micros;
    events += count;
    micros += duration;
    recorder.record('underrun', { context: entry.id, events: count, duration });
  };
}
