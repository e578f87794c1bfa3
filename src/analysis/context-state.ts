import * as LIMITS from '../shared/limits.ts';
import type { FieldsOf } from '../shared/records.ts';
import { type Frames, type Ordinal, RENDER_QUANTUM_FRAMES } from '../shared/units.ts';
import { ContextOrder } from './context-order.ts';
import { AnchoredClock } from './frame-clock.ts';
import { Lane } from './lane.ts';
import type { ContextFacts, DocumentFacts, Point, ThreadFacts } from './model.ts';
import type { EdgeStore } from './ordering/edge-store.ts';
import { QuantumLedger } from './quantum-ledger.ts';

/** Calls of `process()` of a whole document. */
export interface CallTally {
  calls: number;
}

/** A context's facts, and what its audio rendering thread has said: one lane a processor. */
export class ContextState {
  readonly facts: ContextFacts;
  readonly clock: AnchoredClock;
  readonly quanta: QuantumLedger;
  readonly lanes: (Lane | undefined)[] = [];
  thread: ThreadFacts | undefined;
  /** Tells the edges of its calls. */
  readonly order: ContextOrder;
  lastFrame = 0;
  readonly tally: CallTally;
  calls = 0;
  /** Of all its calls, the highest entry, exit and frame. */
  lastEnter = -1;
  lastExit = -1;
  lastCallFrame = -1;

  constructor(
    document: DocumentFacts,
    edges: EdgeStore,
    created: Point,
    fields: FieldsOf<'contextCreated'>,
    tally: CallTally,
  ) {
    this.tally = tally;
    const sampleRate = within(fields.sampleRate, 1000, 1e6) ?? 44_100;
    const quantumFrames = within(fields.quantumFrames, 1, 1e6) ?? RENDER_QUANTUM_FRAMES;
    this.clock = new AnchoredClock(sampleRate, fields.kind === 'offline', created.at);
    this.quanta = new QuantumLedger(sampleRate, quantumFrames, this.clock);
    this.order = new ContextOrder(this, edges, document.isolated);
    const state = this;
    this.facts = {
      id: fields.context,
      key: `${document.index}/c${fields.context}`,
      document,
      kind: fields.kind,
      sampleRate,
      length: fields.length,
      quantumFrames,
      created,
      createStack: fields.stack,
      states: [{ ...created, state: fields.state, frame: 0 as Frames }],
      calls: [],
      closed: undefined,
      collected: undefined,
      nodes: [],
      audioThread: undefined,
      underruns: [],
      blockings: [],
      instantiations: new Map(),
      quanta: this.quanta,
      clock: this.clock,
      get lastFrame() {
        return state.lastFrame as Frames;
      },
    };
  }

  sawFrame(frame: number): void {
    if (frame > this.lastFrame) this.lastFrame = frame;
  }

  /** Undefined for an ordinal that no real thread reaches. */
  lane(ordinal: number): Lane | undefined {
    const known = this.lanes[ordinal];
    if (known !== undefined) return known;
    if (!(ordinal >= 0 && ordinal < LIMITS.processors)) return undefined;
    const lane = new Lane(ordinal as Ordinal, this.clock);
    this.lanes[ordinal] = lane;
    return lane;
  }
}

/** Rates and sizes that no engine has are forged: arithmetic must not go out of bounds with them. */
function within(value: number, least: number, most: number): number | undefined {
  return value >= least && value <= most ? value : undefined;
}
