import { getOwnPropertyDescriptor, getPrototypeOf, uncurryThis } from '../../base/intrinsics.ts';
import type { Native } from '../../base/patch.ts';
import { RENDER_QUANTUM_FRAMES } from '../../shared/units.ts';

declare global {
  interface ImportMeta {
    readonly url: string;
  }
}

/** A `MessagePort` as this scope has it. */
export interface ScopePort {
  readonly port: unique symbol;
}

/** The engine's object: the one whose `process` is called each quantum. */
export interface PlatformProcessor {
  readonly platform: unique symbol;
}

/** The object that the page's constructor sees as `this`. */
export interface PageProcessor {
  readonly process: Native;
}

interface Prototyped {
  readonly prototype: object;
}

/** The parts of AudioWorkletGlobalScope that we use; TypeScript's libraries do not know it. */
interface Scope {
  readonly AudioWorkletProcessor: Native & Prototyped;
  readonly MessagePort: Prototyped;
  readonly MessageEvent: Prototyped;
  readonly EventTarget: Prototyped;
  readonly registerProcessor: (name: string, processor: unknown) => void;
  readonly sampleRate: number;
  readonly renderQuantumSize?: number;
  readonly Temporal?: {
    readonly Now: { instant(): { readonly epochNanoseconds: bigint } };
  };
}

export const scope = globalThis as unknown as Scope;

function getter<This extends object, T>(prototype: object, name: string): (self: This) => T {
  let owner: object | null = prototype;
  while (owner) {
    const get = getOwnPropertyDescriptor(owner, name)?.get;
    if (get) return uncurryThis(get as (this: This) => T);
    owner = getPrototypeOf(owner) as object | null;
  }
  throw new Error(`no getter ${name}`);
}

function method<This extends object, Args extends readonly unknown[]>(
  prototype: object,
  name: string,
): (self: This, ...args: Args) => void {
  return uncurryThis(
    getOwnPropertyDescriptor(prototype, name)?.value as (this: This, ...args: Args) => void,
  );
}

/** A part of the URL of our own scripts, to tell their frames in a stack. */
export const OWN_URL: string = import.meta.url.split('?')[0] as string;
export const NativeProcessor = scope.AudioWorkletProcessor;
export const SAMPLE_RATE: number = scope.sampleRate;
export const QUANTUM_FRAMES: number = scope.renderQuantumSize ?? RENDER_QUANTUM_FRAMES;
const readFrame: (self: object) => number = getter(scope, 'currentFrame');
export const currentFrame = (): number => readFrame(scope);
export const portOf: (processor: PlatformProcessor) => ScopePort = getter(
  NativeProcessor.prototype,
  'port',
);
export const dataOf: (event: object) => unknown = getter(scope.MessageEvent.prototype, 'data');
export const post: (port: ScopePort, message: unknown, transfer?: Iterable<object>) => void =
  method(scope.MessagePort.prototype, 'postMessage');
export const startPort: (port: ScopePort) => void = method(scope.MessagePort.prototype, 'start');
/** A listener is called with the port as `this`. Never read `timeStamp` of its event (Firefox). */
export const listen: (
  port: ScopePort,
  type: 'message' | 'messageerror',
  listener: (this: ScopePort, event: object) => void,
) => void = method(scope.EventTarget.prototype, 'addEventListener');
