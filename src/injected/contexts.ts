import {
  apply,
  IntrinsicFinalizationRegistry,
  registerFinalizer,
  weakMapGet,
} from '../base/intrinsics.ts';
import { constructAs } from '../base/patch.ts';
import { prototypeOf } from '../hooks/interfaces.ts';
import type { ContextKind, ContextMethod, ContextState } from '../shared/records.ts';
import { type Frames, RENDER_QUANTUM_FRAMES } from '../shared/units.ts';
import type { ContextEntry } from './entities.ts';
import type { Observation } from './observation.ts';
import { settling } from './settling.ts';

/** Watches contexts: construction, state, the calls that change it and how they settle, collection. */
export function observeContexts(observation: Observation): void {
  const { patches, entities, recorder, realm, late } = observation;
  const { natives } = entities;
  const collected = new IntrinsicFinalizationRegistry<ContextEntry>((entry) => {
    recorder.record('contextCollected', { context: entry.id });
    entry.thread?.retire();
  });

  const constructed = (context: BaseAudioContext, kind: ContextKind): void => {
    void late.load();
    const entry = entities.addContext(context, kind);
    registerFinalizer(collected, context, entry);
    recorder.record('contextCreated', {
      context: entry.id,
      kind,
      state: natives.state(context) as ContextState,
      sampleRate: entry.sampleRate,
      length: (kind === 'offline' ? natives.length(context) : 0) as Frames,
      quantumFrames: (natives.renderQuantumSize?.(context) ?? RENDER_QUANTUM_FRAMES) as Frames,
      stack: recorder.stack(),
    });
    realm.listen(context, 'statechange', () =>
      recorder.guard(() => {
        recorder.record('contextState', {
          context: entry.id,
          state: entities.stateOf(entry),
          frame: entities.frameOf(entry),
        });
      }),
    );
  };

  const observeConstruction = (name: string, kind: ContextKind): void => {
    patches.constructible(globalThis, name, (native, args, newTarget) => {
      const context = constructAs(native, args, newTarget) as BaseAudioContext;
      recorder.guard(() => constructed(context, kind));
      return context;
    });
  };

  /** The page gets a promise that settles right after ours has been recorded, to the same value. */
  const observeCall = (owner: string, method: ContextMethod): void => {
    const prototype = prototypeOf(owner);
    if (!prototype) return;
    patches.method(prototype, method, (native, self, args) => {
      const entry = weakMapGet(entities.contexts, self as object);
      if (!entry) return apply(native, self, args);
      const call = entities.nextCall();
      const context = entry.id;
      recorder.guard(() => {
        const frame = entities.frameOf(entry);
        recorder.record('contextCall', { context, call, method, frame, stack: recorder.stack() });
        entry.called?.(method);
        if (method === 'close') entry.thread?.tell({ kind: 'closing' });
      });
      return settling(apply(native, self, args) as Promise<unknown>, (outcome, reason) =>
        recorder.guard(() => {
          const frame = entities.frameOf(entry);
          recorder.record('contextSettled', { context, call, method, outcome, reason, frame });
          entry.thread?.drain(true);
          if (outcome === 'rejected') return;
          if (method === 'close') entry.thread?.retire();
          else entry.thread?.ask();
        }),
      );
    });
  };

  observeConstruction('AudioContext', 'realtime');
  observeConstruction('OfflineAudioContext', 'offline');
  observeCall('AudioContext', 'suspend');
  observeCall('AudioContext', 'resume');
  observeCall('AudioContext', 'close');
  observeCall('OfflineAudioContext', 'suspend');
  observeCall('OfflineAudioContext', 'resume');
  observeCall('OfflineAudioContext', 'startRendering');
}
