import { apply, indexOf, slice } from '../base/intrinsics.ts';
import { prototypeOf } from '../hooks/interfaces.ts';
import { installAnnotations } from '../shared/annotations.ts';
import type { Micros, Seq } from '../shared/units.ts';
import type { Observation } from './observation.ts';

const MARK = 'lifeline:';
const DESTROY_MARK = 'lifeline:destroy:';

/** When and where the page said something. */
export interface Moment {
  readonly seq: Seq;
  readonly at: Micros;
  readonly stack: string;
}

/** What the late part makes of annotations. */
export interface AnnotationHearer {
  destroy(node: unknown, moment: Moment): void;
  /** `mark` names the node as `lifeline:destroy:` does. */
  destroyNamed(mark: string, moment: Moment): void;
  alloc(buffer: object, offset: number, length: number, label: string, moment: Moment): void;
  free(buffer: object, offset: number, moment: Moment): void;
}

/**
 * `__lifeline__` in the page, and the marks `lifeline:destroy:<processor name>` (the newest node of that
 * name), `lifeline:destroy:<processor name>#<k>` (the k-th, from 1) and any other `lifeline:…`.
 */
export function observeAnnotations({ patches, recorder, late }: Observation): void {
  const tell = (say: (to: AnnotationHearer, moment: Moment) => void): void =>
    recorder.guard(() => {
      const moment = { seq: recorder.next(), at: recorder.now(), stack: recorder.stack() };
      recorder.later(() => {
        if (late.part) say(late.part.annotations, moment);
      });
      void late.load();
    });

  const performancePrototype = prototypeOf('Performance');
  if (performancePrototype) {
    patches.method(performancePrototype, 'mark', (native, self, args) => {
      const result = apply(native, self, args);
      const text = args.length > 0 ? args[0] : undefined;
      if (typeof text === 'string' && indexOf(text, MARK) === 0) {
        if (indexOf(text, DESTROY_MARK) === 0) {
          tell((to, moment) => to.destroyNamed(slice(text, DESTROY_MARK.length), moment));
        } else recorder.guard(() => recorder.record('mark', { text }));
      }
      return result;
    });
  }

  installAnnotations(globalThis, {
    destroy: (value) => tell((to, moment) => to.destroy(value, moment)),
    alloc: (buffer, offset, length, label) =>
      tell((to, moment) => to.alloc(buffer, offset, length, label, moment)),
    free: (buffer, offset) => tell((to, moment) => to.free(buffer, offset, moment)),
  });
}
