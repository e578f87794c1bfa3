import { imul } from '../base/intrinsics.ts';

export type StressAction = 'hold' | 'delay' | 'suspend' | 'drop' | 'nothing';

/** What stress teardown does at one moment. */
export interface StressStep {
  readonly action: StressAction;
  /** For how long; 0 for `nothing`. */
  readonly millis: number;
}

/** Seeds are whole numbers from 1 to this one; 0 means that nothing is stressed. */
export const MAX_SEED = 0xffff_ffff;

/** From and up to how many milliseconds an action lasts. */
export const STRESS_MILLIS = {
  // So long that a page which is not always given a processor still comes to its next step under the call.
  hold: [40, 120],
  delay: [5, 60],
  suspend: [20, 120],
  drop: [4, 12],
} as const;

/** What happens at a moment that its pair leaves open: one of these, alike likely. */
const OPEN = [
  'hold',
  'hold',
  'delay',
  'delay',
  'suspend',
  'drop',
  'nothing',
  'nothing',
] as const satisfies readonly StressAction[];

const DRAWS_PER_STEP = 4;

/**
 * The schedule: what happens at the moment `step` of a document, the moments being numbered from 0 as they come. It
 * depends on the seed and on that number alone. Of each two moments, 2k and 2k + 1, one is held for certain, so that
 * no teardown of two calls (`disconnect()`, free) gets by.
 */
export function stressStep(seed: number, step: number): StressStep {
  const pair = step - (step % 2);
  const held = pair + (draw(seed, pair * DRAWS_PER_STEP) & 1);
  const open = OPEN[draw(seed, step * DRAWS_PER_STEP + 1) % OPEN.length] as StressAction;
  const action = step === held ? 'hold' : open;
  if (action === 'nothing') return { action, millis: 0 };
  const from = STRESS_MILLIS[action][0];
  const to = STRESS_MILLIS[action][1];
  return { action, millis: from + (draw(seed, step * DRAWS_PER_STEP + 2) % (to - from + 1)) };
}

/**
 * The number at place `index` of the sequence that SplitMix32 makes of a seed: its state is the seed plus
 * `index` + 1 times the golden ratio, so any place can be had at once. An unsigned 32-bit integer.
 */
export function draw(seed: number, index: number): number {
  let z = (seed + imul(index + 1, 0x9e37_79b9)) | 0;
  z = imul(z ^ (z >>> 16), 0x21f0_aaad);
  z = imul(z ^ (z >>> 15), 0x735a_2d97);
  return (z ^ (z >>> 15)) >>> 0;
}
