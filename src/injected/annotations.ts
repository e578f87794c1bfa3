import { apply, indexOf, slice } from '../base/intrinsics.ts';
import { installAnnotations } from '../shared/annotations.ts';
import { ledgerOf } from '../shared/block-ledger.ts';
import { MAIN_THREAD } from '../shared/units.ts';
import type { NodeEntry } from './entities.ts';
import type { NodesByName } from './nodes.ts';
import type { Observation } from './observation.ts';
import { interfaceOf } from './page-realm.ts';

const MARK = 'lifeline:';
const DESTROY_MARK = 'lifeline:destroy:';

/**
 * `__lifeline__` in the page, and the marks `lifeline:destroy:<processor name>` (the newest node of that
 * name), `lifeline:destroy:<processor name>#<k>` (the k-th, from 1) and any other `lifeline:…`.
 */
export function observeAnnotations(observation: Observation, nodes: NodesByName): Disposable {
  const { patches, entities, recorder } = observation;
  const ledger = ledgerOf(MAIN_THREAD);

  const destroyed = (node: NodeEntry): void => {
    const frame = entities.frameOf(node.context);
    recorder.record('declaredDestroyed', { node: node.id, frame, stack: recorder.stack() });
  };

  const marked = (text: string): void => {
    const node =
      indexOf(text, DESTROY_MARK) === 0 ? nodes.find(slice(text, DESTROY_MARK.length)) : undefined;
    if (node) destroyed(node);
    else recorder.record('mark', { text });
  };

  const performancePrototype = interfaceOf('Performance')?.prototype;
  if (performancePrototype) {
    patches.method(performancePrototype, 'mark', (native, self, args) => {
      const result = apply(native, self, args);
      const text = args.length > 0 ? args[0] : undefined;
      if (typeof text === 'string' && indexOf(text, MARK) === 0) {
        recorder.guard(() => marked(text));
      }
      return result;
    });
  }

  return installAnnotations(globalThis, {
    destroy: (value) =>
      recorder.guard(() => {
        const node = entities.node(value);
        if (node?.isWorklet) destroyed(node);
      }),
    alloc: (buffer, offset, length, label) =>
      recorder.guard(() => {
        const block = ledger.allocate(buffer, offset);
        const stack = recorder.stack();
        if (block) recorder.record('blockAllocated', { ...block, offset, length, label, stack });
      }),
    free: (buffer, offset) =>
      recorder.guard(() => {
        const block = ledger.free(buffer, offset);
        recorder.record('blockFreed', { ...block, offset, stack: recorder.stack() });
      }),
  });
}
