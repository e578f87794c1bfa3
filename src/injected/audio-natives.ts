import { apply } from '../base/intrinsics.ts';
import { getterOf, interfaceOf, methodOf } from './page-realm.ts';

type Getter<This, T> = (self: This) => T;

/** The Web Audio attributes that we read, by their native getters. */
export interface AudioNatives {
  readonly currentTimeOf: Getter<BaseAudioContext, number>;
  readonly sampleRateOf: Getter<BaseAudioContext, number>;
  readonly stateOf: Getter<BaseAudioContext, AudioContextState>;
  readonly workletOf: Getter<BaseAudioContext, object>;
  readonly lengthOf: Getter<BaseAudioContext, number>;
  readonly contextOf: Getter<AudioNode, BaseAudioContext>;
  readonly numberOfInputsOf: Getter<AudioNode, number>;
  readonly numberOfOutputsOf: Getter<AudioNode, number>;
  readonly portOf: Getter<AudioWorkletNode, MessagePort>;
  eachParameter(node: AudioWorkletNode, visit: (param: AudioParam, name: string) => void): void;
  /** Undefined in browsers whose quantum is always 128 frames. */
  readonly quantumOf: Getter<BaseAudioContext, number> | undefined;
}

/** Undefined where there is no AudioWorklet: an old browser, or a page that is no secure context. */
export function takeAudioNatives(): AudioNatives | undefined {
  const Context = interfaceOf('BaseAudioContext');
  const Node = interfaceOf('AudioNode');
  const WorkletNode = interfaceOf('AudioWorkletNode');
  if (!WorkletNode) return undefined;
  const parametersOf = getterOf<AudioWorkletNode, object>(WorkletNode, 'parameters');
  const forEach = methodOf('AudioParamMap', 'forEach');
  const natives = {
    currentTimeOf: getterOf(Context, 'currentTime'),
    sampleRateOf: getterOf(Context, 'sampleRate'),
    stateOf: getterOf(Context, 'state'),
    workletOf: getterOf(Context, 'audioWorklet'),
    lengthOf: getterOf(interfaceOf('OfflineAudioContext'), 'length'),
    contextOf: getterOf(Node, 'context'),
    numberOfInputsOf: getterOf(Node, 'numberOfInputs'),
    numberOfOutputsOf: getterOf(Node, 'numberOfOutputs'),
    portOf: getterOf(WorkletNode, 'port'),
    eachParameter: (node: AudioWorkletNode, visit: (param: AudioParam, name: string) => void) => {
      if (parametersOf) apply(forEach, parametersOf(node), [visit]);
    },
  };
  return { ...(natives as AudioNatives), quantumOf: getterOf(Context, 'renderQuantumSize') };
}
