import type { SessionInput } from '../../src/analysis/session-input.ts';
import { SlotWriter } from './slot-writer.ts';
import { textInputs } from './text-records.ts';

const CALLS_PER_CHUNK = 8192;
const QUANTUM = 128;
const QUANTUM_MICROS = (QUANTUM * 1e6) / 48_000;

/** One node, declared destroyed before its first call, and then called so many times. */
export function longSession(calls: number): readonly SessionInput[] {
  const inputs = [
    ...textInputs(`
      0    nodeCreated       node=1 seq=1
      1000 declaredDestroyed node=1 seq=2 frame=0
    `),
  ];
  let number = inputs.filter(({ kind }) => kind === 'chunk').length;
  const writer = new SlotWriter();
  for (let i = 0; i < calls; i++) {
    if (i % CALLS_PER_CHUNK === 0) writer.clock(i * QUANTUM, i * QUANTUM_MICROS);
    const enter = 10 + 2 * i;
    const frame = i * QUANTUM;
    writer.process({ ordinal: 0, enter, exit: enter + 1, frame, returned: 'true' });
    if (i % CALLS_PER_CHUNK < CALLS_PER_CHUNK - 1 && i < calls - 1) continue;
    const chunk = { number: ++number, thread: 1, form: 'slots' as const, bytes: writer.take() };
    inputs.push({ kind: 'chunk', document: 'doc', chunk });
  }
  return inputs;
}
