import type { BlockFacts, Destroyed, NodeFacts } from '../../analysis/model.ts';
import type { Teardown } from '../../analysis/ordering/teardown.ts';
import type { Arg } from './trace-writer.ts';

const WORST = ['racy', 'unknown', 'ordered'] as const satisfies readonly Teardown['verdict'][];

type Args = { readonly [name: string]: Arg | undefined };

/** What the verdicts on teardowns add to the events of a trace, as arguments. */
export class Verdicts {
  readonly #byNode = new Map<NodeFacts, Teardown[]>();
  readonly #byBlock = new Map<BlockFacts, Teardown[]>();

  constructor(teardowns: readonly Teardown[]) {
    for (const teardown of teardowns) {
      add(this.#byNode, teardown.node, teardown);
      if (teardown.release.block !== undefined)
        add(this.#byBlock, teardown.release.block, teardown);
    }
  }

  /** The worst of all its teardowns. */
  ofNode(node: NodeFacts): Args {
    return argsOf(worst(this.#byNode.get(node)));
  }

  ofFarewell(node: NodeFacts, { signal, tick }: Destroyed): Args {
    const all = this.#byNode.get(node);
    return argsOf(all?.find(({ release }) => release.kind === signal && release.tick === tick));
  }

  ofFree(block: BlockFacts): Args {
    return argsOf(worst(this.#byBlock.get(block)));
  }
}

function add<K>(map: Map<K, Teardown[]>, key: K, teardown: Teardown): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [teardown]);
  else known.push(teardown);
}

function worst(teardowns: readonly Teardown[] = []): Teardown | undefined {
  const [first] = teardowns.toSorted((a, b) => WORST.indexOf(a.verdict) - WORST.indexOf(b.verdict));
  return first;
}

function argsOf(teardown: Teardown | undefined): Args {
  if (teardown === undefined) return {};
  const { verdict, by, certainty, reason } = teardown;
  return { verdict, by, certainty, because: reason };
}
