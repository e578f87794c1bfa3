import {
  apply,
  getOwnPropertyDescriptor,
  keysOf,
  min,
  ownData,
  promiseThen,
  uncurryThis,
} from '../../base/intrinsics.ts';
import { constructAs } from '../../base/patch.ts';
import type { WasmDoors } from '../../hooks/wasm/wasm-compilations.ts';
import type { FieldsOf } from '../../shared/records.ts';
import type { Frames, NodeId } from '../../shared/units.ts';
import { microsOfClock, stepOfClock } from './clocks.ts';
import { currentFrame, QUANTUM_FRAMES, SAMPLE_RATE } from './scope.ts';
import type { ThreadRecorder } from './thread-recorder.ts';

export interface CompilingHost {
  readonly recorder: ThreadRecorder;
  running(): NodeId;
  /** A memory that an instance exports. */
  saw(memory: object): void;
}

/** Of `microsOfClock`. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** What takes less time than a quantum lasts is not told: its stack alone may take the engine 5 ms in a large script. */
const LEAST_MICROS = (QUANTUM_FRAMES * 1e6) / SAMPLE_RATE;
const MOST_INSTANTIATIONS = 1024;
const MOST_EXPORTS = 4096;

/**
 * Tells how long compiling and instantiating hold this thread up, and how long a promised instance is awaited; finds the
 * memories that instances make for themselves. What stands at the doors later and is work of ours is measured along, unless
 * it runs what is not by the function that this gives.
 */
export function observeCompiling(
  doors: WasmDoors,
  { recorder, running, saw }: CompilingHost,
): <T>(run: () => T) => T {
  const { prototype } = doors.Instance.native as unknown as { readonly prototype: object };
  const exportsOf = uncurryThis(
    getOwnPropertyDescriptor(prototype, 'exports')?.get as (this: object) => object,
  );
  const guard = (run: () => void): void => {
    try {
      run();
    } catch (error) {
      recorder.fault(error);
    }
  };

  const made = (instance: unknown): void => {
    if (typeof instance !== 'object' || instance === null) return;
    const exported = exportsOf(instance);
    const names = keysOf(exported);
    for (let i = 0; i < min(names.length, MOST_EXPORTS); i++) {
      const member = ownData(exported, names[i] as string);
      if (typeof member === 'object' && member !== null) saw(member);
    }
  };

  /** The part of the work at hand that is not ours, where it is known. */
  let theirs: Span | undefined;
  const tell = (what: FieldsOf<'wasmBlocked'>['what'], { from, to }: Span): void => {
    const micros = to - from;
    if (micros < LEAST_MICROS) return;
    recorder.record('wasmBlocked', {
      what,
      node: running(),
      micros,
      uncertainty: stepOfClock(from, to),
      rendered: recorder.hasCalled,
      frame: currentFrame() as Frames,
      stack: recorder.stack(),
    });
  };
  const time = (name: 'Module' | 'Instance', what: FieldsOf<'wasmBlocked'>['what']): void => {
    const door = doors[name];
    const before = door.trap;
    door.trap = (native, args, newTarget) => {
      const from = microsOfClock();
      let result: object | undefined;
      theirs = undefined;
      try {
        result = (before ?? constructAs)(native, args, newTarget);
        return result;
      } finally {
        guard(() => tell(what, theirs ?? { from, to: microsOfClock() }));
        if (what === 'instantiate' && result) guard(() => made(result));
      }
    };
  };
  time('Module', 'compile');
  time('Instance', 'instantiate');

  let begun = 0;
  const { instantiate } = doors;
  const before = instantiate.trap;
  instantiate.trap = (native, self, args) => {
    const promise = (before ?? apply)(native, self, args) as Promise<unknown>;
    const instantiation = begun < MOST_INSTANTIATIONS ? ++begun : 0;
    if (instantiation > 0) {
      guard(() =>
        recorder.record('instantiationBegun', {
          instantiation,
          node: running(),
          frame: currentFrame() as Frames,
          stack: recorder.stack(),
        }),
      );
    }
    const settled = (outcome: 'resolved' | 'rejected'): void => {
      if (instantiation === 0) return;
      const frame = currentFrame() as Frames;
      guard(() => recorder.record('instantiationSettled', { instantiation, outcome, frame }));
    };
    return promiseThen(
      promise,
      (result) => {
        settled('resolved');
        guard(() => made(ownData(result as object, 'instance') ?? result));
        return result;
      },
      (error: unknown) => {
        settled('rejected');
        throw error;
      },
    );
  };

  return (run) => {
    const from = microsOfClock();
    try {
      return run();
    } finally {
      theirs = { from, to: microsOfClock() };
    }
  };
}
