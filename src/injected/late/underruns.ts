import { apply, deref, floor } from '../../base/intrinsics.ts';
import { ownMember } from '../../base/own-natives.ts';
import type { ContextEntry } from '../entities.ts';
import type { LateObservation } from './late-observation.ts';

/**
 * Gives what, called now and then, records the underruns that the device has reported since the call
 * before. Does nothing where the browser does not tell, or for offline contexts.
 */
export function watchUnderruns(
  { realm, recorder }: LateObservation,
  entry: ContextEntry,
): () => void {
  const statsOf = ownMember(realm.window, 'AudioContext', 'playbackStats', 'get');
  const eventsOf = ownMember(realm.window, 'AudioPlaybackStats', 'underrunEvents', 'get');
  /** In seconds. */
  const durationOf = ownMember(realm.window, 'AudioPlaybackStats', 'underrunDuration', 'get');
  let events = 0;
  let micros = 0;
  return () => {
    const context = deref(entry.ref);
    if (!context || !statsOf || !eventsOf || !durationOf || entry.kind === 'offline') return;
    const now = apply(statsOf, context, []);
    const count = (apply(eventsOf, now, []) as number) - events;
    if (count <= 0) return;
    const duration = floor((apply(durationOf, now, []) as number) * 1e6) - micros;
    events += count;
    micros += duration;
    recorder.record('underrun', { context: entry.id, events: count, duration });
  };
}
