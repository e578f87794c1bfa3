import { ownData, uncurryThis } from '../../base/intrinsics.ts';
import { ownMember, ownNative } from '../../base/own-natives.ts';
import type { Native } from '../../base/patch.ts';
import { observeMemoryGrowth } from '../../hooks/observe-growth.ts';
import type { ViewUseHost } from '../../hooks/view-uses.ts';
import type { Micros, NodeId, Seq } from '../../shared/units.ts';
import type { LateObservation } from './late-observation.ts';

/** Follows the memories of the page: how they grow, and who goes on using what was made of them before. */
export function observePageGrowth(
  { collector, memories, patches, realm, recorder }: LateObservation,
  given: Pick<ViewUseHost, 'numbers' | 'numberOf' | 'replaceAtomic'>,
): void {
  const prototype = memberOf(memberOf(realm.window, 'WebAssembly'), 'Memory', 'prototype');
  const dataViews = memberOf(realm.window, 'DataView', 'prototype');
  const offset = ownMember(realm.window, 'DataView', 'byteOffset', 'get');
  if (!prototype || !dataViews || !offset) return;
  if (!ownNative(prototype, 'grow') || !ownNative(prototype, 'buffer', 'get')) return;
  const growth = observeMemoryGrowth(
    {
      ...given,
      patches,
      memories,
      next: () => recorder.next(),
      now: () => recorder.now(),
      running: () => 0 as NodeId,
      stack: () => recorder.stack(),
      record: (name, fields, seq, at) =>
        recorder.record(name, fields, seq as Seq | undefined, at as Micros | undefined),
      fault: (error) => recorder.fault(error),
      dataViews: {
        prototype: dataViews,
        offsetOf: uncurryThis(offset) as (view: object) => number,
      },
      replace(owner, name, make) {
        if (ownNative(owner, name)) {
          patches.replace(owner, name, (native) => make(native)[name] as Native);
        }
      },
    },
    prototype,
    () => undefined,
  );
  collector.eachTick(() => growth.lookAtAll());
}

function memberOf(owner: object | undefined, ...path: readonly string[]): object | undefined {
  let found: unknown = owner;
  for (let i = 0; i < path.length; i++) {
    if ((typeof found !== 'object' && typeof found !== 'function') || found === null)
      return undefined;
    found = ownData(found, path[i] as string);
  }
  return typeof found === 'object' && found !== null ? found : undefined;
}
