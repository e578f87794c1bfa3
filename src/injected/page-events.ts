import type { Observation } from './observation.ts';
import { getterOf, interfaceOf } from './page-realm.ts';

const CUT_SHORT =
  'The page went away while it played: some of its last calls are not seen, as it is not cross-origin isolated.';

/**
 * Records when the document is frozen, thawed, hidden, shown or ended, and hands over all that there is
 * before it goes. Gives what begins that, to be called when the document makes its first context.
 */
export function preparePageEvents({ realm, recorder, collector }: Observation): () => void {
  const persistedOf = getterOf<Event, boolean>(interfaceOf('PageTransitionEvent'), 'persisted');
  const hiddenOf = getterOf<Document, boolean>(interfaceOf('Document'), 'hidden');
  const { document } = globalThis;

  const observe = (target: EventTarget, type: string, record: (event: Event) => void): void => {
    const heard = (event: Event): void => recorder.guard(() => record(event));
    const listen = (): void => realm.listen(target, type, heard);
    listen();
    // `document.open()` takes every listener away. Adding one that is there does nothing.
    collector.eachTick(listen);
  };

  return () => {
    observe(globalThis, 'pagehide', (event) => {
      const frozen = persistedOf?.(event);
      recorder.record('page', { event: frozen ? 'frozen' : 'ended' });
      if (!frozen && !realm.isolated && collector.anyRunning) {
        recorder.record('uncovered', { what: 'not-isolated', detail: CUT_SHORT });
      }
      collector.drainForGood();
    });
    observe(globalThis, 'pageshow', (event) => {
      if (persistedOf?.(event)) recorder.record('page', { event: 'resumed' });
    });
    observe(document, 'visibilitychange', () => {
      recorder.record('page', { event: hiddenOf?.(document) ? 'hidden' : 'shown' });
    });
  };
}
