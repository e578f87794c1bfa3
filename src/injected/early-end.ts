import type { Channel } from './channel.ts';
import type { Natives } from './natives.ts';
import type { Observation } from './observation.ts';

/** A document that goes away before the late part has come says what it has as it is. */
export function observeEarlyEnd(
  { realm, recorder, late }: Pick<Observation, 'realm' | 'recorder' | 'late'>,
  channel: Channel,
  natives: Natives,
): void {
  realm.listen(globalThis, 'pagehide', (event) =>
    recorder.guard(() => {
      if (late.part || !recorder.recording || natives.persisted(event)) return;
      recorder.record('page', { event: 'ended' });
      channel.send({ kind: 'early', records: recorder.waiting });
    }),
  );
}
