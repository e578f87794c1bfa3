import type { Observation } from './observation.ts';
import { getterOf, interfaceOf } from './page-realm.ts';

/**
 * Records when the document is frozen, thawed, hidden, shown or ended, once it has made a context; and
 * hands over all that there is before it goes.
 */
export function observePageEvents({ realm, recorder, collector }: Observation): void {
  const persistedOf = getterOf<Event, boolean>(interfaceOf('PageTransitionEvent'), 'persisted');
  const hiddenOf = getterOf<Document, boolean>(interfaceOf('Document'), 'hidden');
  const { document } = globalThis;

  const observe = (target: EventTarget, type: string, record: (event: Event) => void): void =>
    realm.listen(target, type, (event) => {
      if (collector.hasRecords) recorder.guard(() => record(event));
    });

  observe(globalThis, 'pagehide', (event) => {
    recorder.record('page', { event: persistedOf?.(event) ? 'frozen' : 'ended' });
    collector.drainForGood();
  });
  observe(globalThis, 'pageshow', (event) => {
    if (persistedOf?.(event)) recorder.record('page', { event: 'resumed' });
  });
  observe(document, 'visibilitychange', () => {
    recorder.record('page', { event: hiddenOf?.(document) ? 'hidden' : 'shown' });
  });
}
