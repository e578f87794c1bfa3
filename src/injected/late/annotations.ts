import type { AnnotationHearer, Moment } from '../annotations.ts';
import type { LateObservation } from './late-observation.ts';
import type { NodeEntry } from './node-entries.ts';
import type { NodesByName } from './nodes.ts';

/** What the page says of its nodes and blocks. */
export function hearAnnotations(
  { entities, ledger, nodes, recorder }: LateObservation,
  named: NodesByName,
): AnnotationHearer {
  const destroyed = (node: NodeEntry, { seq, at, stack }: Moment): void => {
    const frame = entities.frameOf(node.context);
    recorder.record('declaredDestroyed', { node: node.id, frame, stack }, seq, at);
  };

  return {
    destroy(value, moment) {
      const node = nodes.of(value);
      if (node?.isWorklet) destroyed(node, moment);
    },
    destroyNamed(mark, moment) {
      const node = named.find(mark);
      const text = `lifeline:destroy:${mark}`;
      if (node) destroyed(node, moment);
      else recorder.record('mark', { text }, moment.seq, moment.at);
    },
    alloc(buffer, offset, length, label, { seq, at, stack }) {
      const block = ledger.allocate(buffer, offset);
      const fields = { offset, length, label, stack };
      if (block) recorder.record('blockAllocated', { ...block, ...fields }, seq, at);
    },
    free(buffer, offset, { seq, at, stack }) {
      const block = ledger.free(buffer, offset);
      recorder.record('blockFreed', { ...block, offset, stack }, seq, at);
    },
  };
}
