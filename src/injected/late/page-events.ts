import { apply } from '../../base/intrinsics.ts';
import { ownMember } from '../../base/own-natives.ts';
import type { LateObservation } from './late-observation.ts';

const CUT_SHORT =
  'The page went away while it played: some of its last calls are not seen, as it is not cross-origin isolated.';

/**
 * Records when the document is frozen, thawed, hidden, shown or ended, and hands over all that there is
 * before it goes.
 */
export function observePageEvents({ realm, recorder, collector, entities }: LateObservation): void {
  const { persisted } = entities.natives;
  const { document, window } = realm;
  const hidden = ownMember(window, 'Document', 'hidden', 'get');

  const observe = (target: EventTarget, type: string, record: (event: Event) => void): void => {
    const heard = (event: Event): void => recorder.guard(() => record(event));
    const listen = (): void => realm.listen(target, type, heard);
    listen();
    // `document.open()` takes every listener away. Adding one that is there does nothing.
    collector.eachTick(listen);
  };

  observe(window, 'pagehide', (event) => {
    const frozen = persisted(event);
    recorder.record('page', { event: frozen ? 'frozen' : 'ended' });
    if (!frozen && !realm.isolated && collector.anyRunning) {
      recorder.record('uncovered', { what: 'not-isolated', detail: CUT_SHORT });
    }
    collector.drainForGood();
  });
  observe(window, 'pageshow', (event) => {
    if (persisted(event)) recorder.record('page', { event: 'resumed' });
  });
  if (!hidden) return;
  observe(document, 'visibilitychange', () => {
    recorder.record('page', { event: apply(hidden, document, []) ? 'hidden' : 'shown' });
  });
}
