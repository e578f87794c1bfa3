import {
  apply,
  defineProperty,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  IntrinsicFinalizationRegistry,
  IntrinsicWeakMap,
  IntrinsicWeakSet,
  ownData,
  registerFinalizer,
  weakMapGet,
  weakMapSet,
} from '../../base/intrinsics.ts';
import { type ApplyTrap, constructAs, type Native, type Patches } from '../../base/patch.ts';
import { describeError } from '../../shared/describe-error.ts';
import { stackOfError } from '../../shared/error-stack.ts';
import { SLOT_FLAG } from '../../shared/slots.ts';
import type { Ordinal } from '../../shared/units.ts';
import { callProcess } from './call-process.ts';
import type { PortObserver } from './ports.ts';
import {
  NativeProcessor,
  OWN_URL,
  type PageProcessor,
  type PlatformProcessor,
  portOf,
  scope,
} from './scope.ts';
import type { ThreadRecorder } from './thread-recorder.ts';

const Base = NativeProcessor as unknown as new (...args: readonly unknown[]) => PlatformProcessor;

/** Which processor is which, for the rest of the prelude. */
export interface ProcessorIds {
  /** The engine's object behind one that the page holds; undefined for anything else. */
  platformOf(processor: unknown): object | undefined;
  /** Of an object that the page holds; undefined for anything else. */
  ordinalOf(processor: unknown): Ordinal | undefined;
  /** The one whose constructor, or else whose `process()`, is at work. */
  readonly running: number | undefined;
  /** A processor that this observer does not see was constructed. */
  skipOne(): void;
}

/** Who hears of the processors of the page. */
export interface ProcessorHearer {
  constructed(processor: object, ordinal: number): void;
  /** Its `process()` has thrown. */
  threw(ordinal: number): void;
}

/**
 * Lets the recorder watch every processor of this scope.
 *
 * A processor is two objects. The engine has the platform object, a `Dispatcher`, whose `process` it
 * reads and calls each quantum; the page has a plain object with the prototype chain that its own
 * `new.target` asks for. So the page's `process` is read once a quantum, by whatever getter it is
 * behind, with the object that the page knows as `this`, and nothing was added to that object.
 */
export function observeProcessors(
  patches: Patches,
  recorder: ThreadRecorder,
  ports: PortObserver,
  { constructed: wasConstructed, threw }: ProcessorHearer,
): ProcessorIds {
  const platforms = new IntrinsicWeakMap<object, Dispatcher>();
  const ordinals = new IntrinsicWeakMap<object, Ordinal>();
  const collected = new IntrinsicFinalizationRegistry<Ordinal>((ordinal) =>
    recorder.record('processorCollected', { ordinal }),
  );
  let constructed = 0;
  let constructing = 0;
  let depth = 0;

  class Dispatcher extends Base {
    #page: PageProcessor | undefined;
    #ordinal = 0;

    static join(platform: Dispatcher, page: PageProcessor, ordinal: number): void {
      platform.#page = page;
      platform.#ordinal = ordinal;
    }

    process(inputs: unknown, outputs: unknown, parameters: unknown): unknown {
      const page = this.#page as PageProcessor;
      const enter = recorder.enter(this.#ordinal);
      let flags: number = SLOT_FLAG.threw;
      // No `catch`: the event that the page gets names the place of the last `throw`.
      try {
        const returned = callProcess(page, inputs, outputs, parameters);
        // Chromium takes nothing but `true` for true; the specification would take any truthy value.
        flags = returned === true ? SLOT_FLAG.returnedTrue : 0;
        return returned;
      } finally {
        recorder.leave(this.#ordinal, enter, flags);
        if (flags === SLOT_FLAG.threw) this.#threw();
      }
    }

    #threw(): void {
      try {
        threw(this.#ordinal);
      } catch (error) {
        recorder.fault(error);
      }
    }

    /**
     * For a processor whose `process` is a getter, or is not there when it is made: the engine must see
     * what is there each quantum, for it says in its own words when that cannot be called.
     */
    static lookEachQuantum(platform: Dispatcher): void {
      const dispatch = (inputs: unknown, outputs: unknown, parameters: unknown): unknown =>
        apply(processOfDispatcher, platform, [inputs, outputs, parameters]);
      const page = platform.#page as PageProcessor;
      defineProperty(platform, 'process', {
        __proto__: null,
        get: () => {
          const { process } = page;
          if (typeof process !== 'function') return process;
          platform.#page = { process: (...args) => apply(process, page, args) };
          return dispatch;
        },
      } as PropertyDescriptor);
    }
  }

  const processOfDispatcher = Dispatcher.prototype.process as unknown as Native;
  const DispatcherClass = Dispatcher as unknown as Native;
  /** A plain object, but one that cannot be cloned, as a processor cannot. */
  const pageObject = (newTarget: Native): PageProcessor =>
    constructAs(IntrinsicWeakSet as unknown as Native, [], newTarget) as PageProcessor;

  patches.constructible(scope, 'AudioWorkletProcessor', (_native, args, newTarget) => {
    const platform = constructAs(DispatcherClass, args, DispatcherClass) as Dispatcher;
    const page = pageObject(newTarget);
    const ordinal = constructing as Ordinal;
    Dispatcher.join(platform, page, ordinal);
    weakMapSet(platforms, page, platform);
    weakMapSet(ordinals, page, ordinal);
    registerFinalizer(collected, page, ordinal);
    ports.observe(portOf(platform), ordinal);
    return page;
  });

  const portOfPage: ApplyTrap = (native, self) =>
    apply(native, weakMapGet(platforms, self as object) ?? self, []);
  patches.method(NativeProcessor.prototype, 'port', portOfPage, 'get');

  const recordConstructed = (name: string, ordinal: Ordinal, error?: { thrown: unknown }): void =>
    recorder.record('processorConstructed', {
      ordinal,
      name,
      outcome: error ? 'rejected' : 'resolved',
      reason: error ? describeError(error.thrown) : '',
      stack: error ? stackOfError(error.thrown, OWN_URL) : '',
    });

  /** What the engine constructs in place of the page's class, which it alone does: once a node. */
  const registered = (name: string, PageClass: Native): Native =>
    patches.standIn(PageClass, {
      construct: (_target, args: readonly unknown[]) => {
        const ordinal = constructed++ as Ordinal;
        const outer = constructing;
        constructing = ordinal;
        depth++;
        if (recorder.isolated) ports.observeOptions(optionsOf(args), ordinal);
        try {
          const page = constructAs(PageClass, args, PageClass);
          recordConstructed(name, ordinal);
          const platform = weakMapGet(platforms, page);
          if (platform && !hasProcess(page)) Dispatcher.lookEachQuantum(platform);
          if (platform) wasConstructed(page, ordinal);
          return platform ?? page;
        } catch (thrown) {
          recordConstructed(name, ordinal, { thrown });
          throw thrown;
        } finally {
          constructing = outer;
          depth--;
        }
      },
    });

  patches.method(scope, 'registerProcessor', (native, self, args) => {
    const name = args.length > 0 && typeof args[0] === 'string' ? args[0] : '';
    const PageClass = args.length > 1 ? args[1] : undefined;
    if (typeof PageClass !== 'function') return apply(native, self, args);
    const result = apply(native, self, [args[0], registered(name, PageClass as Native)]);
    recorder.record('processorRegistered', { name });
    return result;
  });

  return {
    platformOf: (processor) => weakMapGet(platforms, processor as object),
    ordinalOf: (processor) => weakMapGet(ordinals, processor as object),
    get running() {
      return depth > 0 ? constructing : recorder.calling;
    },
    skipOne: () => {
      constructed++;
    },
  };
}

/** What the page's side handed over. The engine has made the object around it, so nothing in it is a getter. */
function optionsOf(args: readonly unknown[]): unknown {
  const options = args.length > 0 ? args[0] : undefined;
  return typeof options === 'object' && options !== null
    ? ownData(options, 'processorOptions')
    : undefined;
}

/** Whether there is a plain `process` to call. A getter is not asked: the engine must see it throw. */
function hasProcess(page: object): boolean {
  let owner: object | null = page;
  while (owner) {
    const descriptor = getOwnPropertyDescriptor(owner, 'process');
    if (descriptor) return typeof descriptor.value === 'function';
    owner = getPrototypeOf(owner) as object | null;
  }
  return false;
}
