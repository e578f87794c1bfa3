import { apply, globalScope, uncurryThis } from '../base/intrinsics.ts';
import { ownMember } from '../base/own-natives.ts';
import { getterOf, methodOf, prototypeOf } from '../hooks/interfaces.ts';
import { filenameOf, linenoOf, messageOf } from '../hooks/workers.ts';

type Getter<This, T> = (self: This) => T;

/** The attributes of the page's objects that we read, by their native getters. */
export interface Natives {
  readonly currentTime: Getter<BaseAudioContext, number>;
  readonly sampleRate: Getter<BaseAudioContext, number>;
  readonly state: Getter<BaseAudioContext, AudioContextState>;
  readonly audioWorklet: Getter<BaseAudioContext, object>;
  /** Undefined in browsers whose quantum is always 128 frames. */
  readonly renderQuantumSize: Getter<BaseAudioContext, number> | undefined;
  readonly length: Getter<BaseAudioContext, number>;
  readonly numberOfInputs: Getter<AudioNode, number>;
  readonly numberOfOutputs: Getter<AudioNode, number>;
  readonly port: Getter<AudioWorkletNode, MessagePort>;
  readonly message: Getter<Event, string>;
  readonly filename: Getter<Event, string>;
  readonly lineno: Getter<Event, number>;
  /** Undefined where the page has put its own in the place of the engine’s. */
  readonly persisted: Getter<Event, boolean | undefined>;
  suspend(context: AudioContext): Promise<unknown>;
  resume(context: AudioContext): Promise<unknown>;
  eachParameter(node: AudioWorkletNode, visit: (param: AudioParam, name: string) => void): void;
}

/** Undefined where there is no AudioWorklet: an old browser, or a page that is no secure context. */
export function takeNatives(): Natives | undefined {
  if (!prototypeOf('AudioWorkletNode')) return undefined;
  const parameters = getterOf('AudioWorkletNode', 'parameters');
  const forEach = methodOf('AudioParamMap', 'forEach');
  return {
    __proto__: null,
    currentTime: getterOf('BaseAudioContext', 'currentTime'),
    sampleRate: getterOf('BaseAudioContext', 'sampleRate'),
    state: getterOf('BaseAudioContext', 'state'),
    audioWorklet: getterOf('BaseAudioContext', 'audioWorklet'),
    renderQuantumSize: getterOf('BaseAudioContext', 'renderQuantumSize'),
    length: getterOf('OfflineAudioContext', 'length'),
    numberOfInputs: getterOf('AudioNode', 'numberOfInputs'),
    numberOfOutputs: getterOf('AudioNode', 'numberOfOutputs'),
    port: getterOf('AudioWorkletNode', 'port'),
    message: messageOf,
    filename: filenameOf,
    lineno: linenoOf,
    persisted(event: Event) {
      const get = ownMember(globalScope, 'PageTransitionEvent', 'persisted', 'get');
      return get && apply(get, event, []);
    },
    suspend: uncurryThis(methodOf('AudioContext', 'suspend')),
    resume: uncurryThis(methodOf('AudioContext', 'resume')),
    eachParameter(node: AudioWorkletNode, visit: (param: AudioParam, name: string) => void) {
      apply(forEach, parameters?.(node), [visit]);
    },
  } as unknown as Natives;
}
