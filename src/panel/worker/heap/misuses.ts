import type {
  BlockFacts,
  DocumentFacts,
  MisfreeFacts,
  TouchFacts,
} from '../../../analysis/model.ts';
import { Scene } from '../../../analysis/scene.ts';
import type { Session } from '../../../analysis/session.ts';
import { touchedBlocks } from '../../../analysis/touched-blocks.ts';

/** Of one block so many are marked on its lifeline. */
const MOST_TIMES = 64;

/** What happened to blocks after they were freed. */
export class Misuses {
  readonly #touches = new Map<BlockFacts, readonly TouchFacts[]>();
  readonly #misfrees = new Map<BlockFacts, MisfreeFacts[]>();

  constructor(session: Session) {
    for (const document of session.documents) this.#addMisfrees(document);
    if (session.documents.every(({ touches }) => touches.size === 0)) return;
    for (const { block, touches } of touchedBlocks(new Scene(session))) {
      if (block !== undefined) this.#touches.set(block, touches);
    }
  }

  #addMisfrees({ misfrees }: DocumentFacts): void {
    for (const misfree of misfrees) {
      const { block } = misfree;
      if (block === undefined) continue;
      const known = this.#misfrees.get(block);
      if (known === undefined) this.#misfrees.set(block, [misfree]);
      else known.push(misfree);
    }
  }

  touchesOf(block: BlockFacts): readonly TouchFacts[] {
    return this.#touches.get(block) ?? [];
  }

  misfreesOf(block: BlockFacts): readonly MisfreeFacts[] {
    return this.#misfrees.get(block) ?? [];
  }

  /** In the document’s own time. */
  timesOf(block: BlockFacts): readonly number[] {
    const times = this.touchesOf(block).flatMap(({ at, last }) => [at, last.at]);
    for (const { at } of this.misfreesOf(block)) times.push(at);
    return times.sort((a, b) => a - b).slice(0, MOST_TIMES);
  }
}
