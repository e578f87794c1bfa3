import {
  IntrinsicMap,
  IntrinsicPromise,
  mapDelete,
  mapForEach,
  mapSet,
  promiseThen,
} from '../base/intrinsics.ts';
import type { Command } from '../shared/messages.ts';
import type { AnnotationHearer } from './annotations.ts';
import type { Channel } from './channel.ts';
import type { ContextEntry } from './entities.ts';
import type { HandOver } from './hand-over.ts';
import type { WorkerThreads } from './late/worker-threads.ts';
import type { Recorder } from './recorder.ts';
import { handOut } from './shared-modules.ts';

/** What the late part does for the early one. */
export interface Late extends WorkerThreads {
  obey(command: Command): void;
  /**
   * The prelude stands in the scope of `context` and waits for the node named `name`. `add` adds another module of ours to the scope;
   * `done` is called once there is nothing more to be added.
   */
  pass(
    context: BaseAudioContext,
    entry: ContextEntry,
    name: string,
    add: (url: string) => Promise<unknown>,
    done: () => void,
  ): void;
  /** Whether what rewrites modules is there, cannot be had, or is not asked for. */
  readonly isReady: boolean;
  /** Takes what was recorded so far, and from now on everything. */
  takeOver(): void;
  readonly annotations: AnnotationHearer;
}

/** What `late.js` exports: given what it takes from us, it gives what starts it. */
type Evaluate = (shared: readonly unknown[]) => (early: HandOver) => Late;

const ATTEMPTS = 3;
/** How long the settings are waited for. The content script reads them as soon as it runs. */
const SETTINGS_MS = 1000;

/**
 * Fetches the late part when it is first needed, and keeps what the content script says until it is there.
 * A page's `window.stop()` ends a fetch of ours like any other, so it is tried again.
 */
export class LatePart {
  readonly #channel: Channel;
  readonly #recorder: Recorder;
  readonly #handOver: () => HandOver;
  readonly #kept = new IntrinsicMap<string | number, Command>();
  #loading: Promise<void> | undefined;
  #isConfigured = false;
  #mayRewrite = true;
  #configured: (() => void) | undefined;
  part: Late | undefined;

  constructor(channel: Channel, recorder: Recorder, handOver: () => HandOver) {
    this.#channel = channel;
    this.#recorder = recorder;
    this.#handOver = handOver;
  }

  /** Settles, always well, once the part is there and knows the settings, or cannot be had. */
  load(): Promise<void> {
    this.#loading ??= new IntrinsicPromise((settle) => this.#attempt(1, settle));
    return this.#loading;
  }

  /** Whether it is known if modules are to be rewritten, and the part is there to see to it if so. */
  get isDecided(): boolean | undefined {
    return !this.#mayRewrite || this.part?.isReady;
  }

  hear(command: Command): void {
    const { kind } = command;
    const recorder = this.#recorder;
    if (kind === 'configure') {
      this.#isConfigured = true;
      this.#mayRewrite = command.settings.memory !== 'ledger';
      if (this.#mayRewrite) void this.load();
    }
    if (this.part) {
      this.part.obey(command);
      if (kind === 'configure') this.#configured?.();
    } else if (kind === 'flush' && !recorder.begunAt) {
      this.#channel.send({ kind: 'flushed', id: command.id });
    } else {
      // Of commands that undo each other only the last is kept.
      const key = kind === 'flush' ? command.id : kind === 'unwatch' ? 'watch' : kind;
      mapDelete(this.#kept, key);
      mapSet(this.#kept, key, command);
      if (kind === 'configure') recorder.recording = command.settings.recording;
      if (recorder.begunAt) void this.load();
    }
  }

  #attempt(attempt: number, settle: () => void): void {
    const url = `${this.#channel.base}late.js?${attempt}`;
    void promiseThen(
      import(/* @vite-ignore */ url) as Promise<{ readonly default: Evaluate }>,
      (module) => {
        const handOver = this.#handOver();
        this.#recorder.guard(() => this.#start(module.default, handOver));
        if (this.#isConfigured) {
          settle();
          return;
        }
        this.#configured = settle;
        handOver.realm.after(SETTINGS_MS, settle);
      },
      (error) => {
        if (attempt < ATTEMPTS) {
          this.#attempt(attempt + 1, settle);
          return;
        }
        this.#recorder.fault(error);
        this.#loading = undefined;
        settle();
      },
    );
  }

  #start(evaluate: Evaluate, handOver: HandOver): void {
    const part = evaluate(handOut())(handOver);
    this.part = part;
    part.takeOver();
    mapForEach(this.#kept, (command) => part.obey(command));
  }
}
