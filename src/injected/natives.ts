import { apply, defineProperty } from '../base/intrinsics.ts';
import { getterOf, interfaceOf, methodOf } from './page-realm.ts';

type Getter<This, T> = (self: This) => T;

/** The attributes of the page's objects that we read, by their native getters. */
export interface Natives {
  readonly currentTime: Getter<BaseAudioContext, number>;
  readonly sampleRate: Getter<BaseAudioContext, number>;
  readonly state: Getter<BaseAudioContext, AudioContextState>;
  readonly audioWorklet: Getter<BaseAudioContext, object>;
  /** Undefined in browsers whose quantum is always 128 frames. */
  readonly renderQuantumSize: Getter<BaseAudioContext, number> | undefined;
  /** Undefined in browsers that do not tell. */
  readonly playbackStats: Getter<BaseAudioContext, object> | undefined;
  readonly underrunEvents: Getter<object, number>;
  /** In seconds. */
  readonly underrunDuration: Getter<object, number>;
  readonly length: Getter<BaseAudioContext, number>;
  readonly numberOfInputs: Getter<AudioNode, number>;
  readonly numberOfOutputs: Getter<AudioNode, number>;
  readonly port: Getter<AudioWorkletNode, MessagePort>;
  readonly message: Getter<Event, string>;
  readonly filename: Getter<Event, string>;
  readonly lineno: Getter<Event, number>;
  readonly persisted: Getter<Event, boolean>;
  readonly hidden: Getter<Document, boolean>;
  eachParameter(node: AudioWorkletNode, visit: (param: AudioParam, name: string) => void): void;
}

const ATTRIBUTES = {
  BaseAudioContext: ['currentTime', 'sampleRate', 'state', 'audioWorklet', 'renderQuantumSize'],
  AudioContext: ['playbackStats'],
  AudioPlaybackStats: ['underrunEvents', 'underrunDuration'],
  OfflineAudioContext: ['length'],
  AudioNode: ['numberOfInputs', 'numberOfOutputs'],
  AudioWorkletNode: ['port', 'parameters'],
  ErrorEvent: ['message', 'filename', 'lineno'],
  PageTransitionEvent: ['persisted'],
  Document: ['hidden'],
} as const satisfies { readonly [interfaceName: string]: readonly string[] };

/** Undefined where there is no AudioWorklet: an old browser, or a page that is no secure context. */
export function takeNatives(): Natives | undefined {
  if (!interfaceOf('AudioWorkletNode')) return undefined;
  const getters = { __proto__: null } as unknown as { [attribute: string]: Getter<object, object> };
  for (const [interfaceName, attributes] of Object.entries(ATTRIBUTES)) {
    for (const attribute of attributes) {
      const value = getterOf(interfaceOf(interfaceName), attribute);
      defineProperty(getters, attribute, { __proto__: null, value } as PropertyDescriptor);
    }
  }
  const forEach = methodOf('AudioParamMap', 'forEach');
  return {
    __proto__: getters,
    eachParameter(node: AudioWorkletNode, visit: (param: AudioParam, name: string) => void) {
      apply(forEach, getters['parameters']?.(node), [visit]);
    },
  } as unknown as Natives;
}
