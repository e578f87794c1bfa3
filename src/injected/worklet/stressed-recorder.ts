import { apply, atomicsCompareExchange, atomicsLoad, atomicsStore } from '../../base/intrinsics.ts';
import type { Patches } from '../../base/patch.ts';
import type { Passage, ToScope } from '../../shared/passage.ts';
import { CONTROL, STRESS_CELLS, STRESS_TARGET } from '../../shared/slots.ts';
import type { ContextId, NodeId } from '../../shared/units.ts';
import { coarseMillis } from './clocks.ts';
import type { PortObserver } from './ports.ts';
import { type ScopePort, scope } from './scope.ts';
import { ThreadRecorder } from './thread-recorder.ts';

type Action = 'hold' | 'drop' | 'delay' | 'nothing';

/**
 * The recorder of a scope under stress teardown: when asked, it holds a call of `process()` after its entry was noted
 * and before the page's own code runs, or a message before it is posted, by keeping the thread busy for a bounded time.
 * It records what it did before it does it.
 */
export class StressedRecorder extends ThreadRecorder {
  readonly #seed: number;

  constructor(patches: Patches, passage: Passage, port: ScopePort) {
    super(patches, passage, port);
    this.#seed = passage.stress;
  }

  override enter(ordinal: number): number {
    const place = super.enter(ordinal);
    const target = this.control[CONTROL.hold] as number;
    if (target === ordinal + 1) this.#keepBusy(CONTROL.hold, target, ordinal, 'hold');
    else if (target === STRESS_TARGET.any) this.#keepBusy(CONTROL.hold, target, ordinal, 'drop');
    return place;
  }

  override obey(command: ToScope): void {
    if (command.kind !== 'stress') {
      super.obey(command);
      return;
    }
    const { what, target, millis, step } = command;
    const cell = CONTROL[what];
    if (target !== STRESS_TARGET.nobody) {
      this.#ask(cell, target, millis, step);
    } else if (this.control[cell + STRESS_CELLS.step] === step) {
      this.#withdraw(cell);
    }
  }

  /** Lets messages of processors be held. To be called once the scope's messages are observed. */
  delayPosts(ports: PortObserver): void {
    this.patches.method(scope.MessagePort.prototype, 'postMessage', (native, self, args) => {
      const target = this.control[CONTROL.delay] as number;
      if (target !== STRESS_TARGET.nobody) {
        const ordinal = ports.ordinalOf(self);
        if (ordinal !== undefined && target === ordinal + 1) {
          this.#keepBusy(CONTROL.delay, target, ordinal, 'delay');
        }
      }
      return apply(native, self, args);
    });
  }

  /** Only where the cells are this thread's own. */
  #ask(cell: number, target: number, millis: number, step: number): void {
    this.#withdraw(cell);
    this.control[cell + STRESS_CELLS.millis] = millis;
    this.control[cell + STRESS_CELLS.step] = step;
    this.control[cell] = target;
  }

  #withdraw(cell: number): void {
    if (this.control[cell] === STRESS_TARGET.nobody) return;
    this.control[cell] = STRESS_TARGET.nobody;
    if (cell === CONTROL.hold) this.#tell('nothing', 0, cell, 0);
  }

  #keepBusy(cell: number, target: number, ordinal: number, action: Action): void {
    const cells = this.control;
    if (atomicsCompareExchange(cells, cell, target, STRESS_TARGET.taken) !== target) return;
    const millis = cells[cell + STRESS_CELLS.millis] as number;
    this.#tell(action, ordinal + 1, cell, millis);
    // From here on the page, which waits for it, goes on: so the record comes before what the page does.
    atomicsStore(cells, cell, STRESS_TARGET.held);
    const from = coarseMillis();
    let passed = 0;
    while (passed >= 0 && passed < millis && atomicsLoad(cells, cell) === STRESS_TARGET.held) {
      passed = coarseMillis() - from; // Below 0 once somebody has set the clock back.
    }
    atomicsCompareExchange(cells, cell, STRESS_TARGET.held, STRESS_TARGET.nobody);
    if (passed > 0) this.excuse(passed);
  }

  #tell(action: Action, node: number, cell: number, millis: number): void {
    this.record('stressed', {
      action,
      node: node as NodeId,
      context: 0 as ContextId,
      seed: this.#seed,
      step: this.control[cell + STRESS_CELLS.step] as number,
      micros: millis * 1000,
    });
    this.sendRecords(); // The context may close before anybody asks for it.
  }
}
