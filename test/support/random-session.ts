import type { SessionInput } from '../../src/analysis/session-input.ts';
import type { Random } from './random.ts';
import { textInputs } from './text-records.ts';

const QUANTUM_MICROS = (128 * 1e6) / 48_000;

/** A session such as a busy page makes, as text that a failing test can print. */
export function randomText(random: Random, steps = 60): string {
  const lines: string[] = [];
  const nodes: { readonly id: number; readonly context: number }[] = [];
  const contexts = 1 + random.below(3);
  for (let id = 1; id <= contexts; id++) {
    const kind = random.chance(0.2) ? 'offline' : 'realtime';
    const state = random.pick(['running', 'suspended']);
    lines.push(`${id} contextCreated context=${id} kind=${kind} state=${state}`);
    lines.push(`${id} threadStarted thread=${id} kind=audio context=${id} name="audio ${id}"`);
    lines.push(`${id} neighbourSeen context=${id} node=${1000 + id} type=AudioDestinationNode`);
  }
  let at = 100;
  for (let step = 0; step < steps; step++) {
    at += random.below(20_000);
    const node = nodes[random.below(nodes.length)];
    if (node === undefined || random.chance(0.1)) {
      const id = nodes.length + 1;
      const context = 1 + random.below(contexts);
      nodes.push({ id, context });
      lines.push(`${at} nodeCreated node=${id} context=${context} stack="    at f (a.js:${id}:1)"`);
      continue;
    }
    const { id, context } = node;
    const returned = random.pick(['true', 'true', 'true', 'false', 'threw']);
    const duration = random.chance(0.5) ? ` duration=${random.below(400) * 10}` : '';
    switch (random.below(11)) {
      case 0:
      case 1:
      case 2:
      case 3: {
        const times = 1 + random.below(40);
        lines.push(`${at} process node=${id} times=${times} returned=${returned}${duration}`);
        at += Math.ceil(times * QUANTUM_MICROS);
        break;
      }
      case 4:
        lines.push(`${at} send main→${id} "${step}"`);
        if (random.chance(0.8))
          lines.push(`${at + random.below(3000)} receive main→${id} "${step}"`);
        break;
      case 5:
        lines.push(`${at} send ${id}→main "${step}"`);
        if (random.chance(0.8))
          lines.push(`${at + random.below(3000)} receive ${id}→main "${step}"`);
        break;
      case 6:
        lines.push(`${at} connected source=${id} target=${1000 + context}`);
        break;
      case 7:
        lines.push(`${at} disconnected source=${id} what=all`);
        break;
      case 8:
        lines.push(`${at} declaredDestroyed node=${id}`);
        break;
      case 9:
        lines.push(`${at} lost thread=${random.pick([0, context])} count=3 why=ring-full`);
        break;
      default: {
        const state = random.pick(['running', 'suspended', 'interrupted']);
        lines.push(`${at} contextState context=${context} state=${state}`);
      }
    }
  }
  return lines.join('\n');
}

export function randomInputs(random: Random, steps?: number): readonly SessionInput[] {
  return textInputs(randomText(random, steps), { isolated: random.chance(0.7) });
}
