import { Events, Facts, Links, OwnFindings, Stacks, Teardowns } from '../views/detail-parts.tsx';
import type { EntityDetail } from '../worker/protocol.ts';

interface HeapDetailProps {
  readonly detail: EntityDetail;
  readonly kind: 'block' | 'site';
}

/** A block’s biography, or what a place that allocates has kept over time. */
export function HeapDetail({ detail, kind }: HeapDetailProps) {
  return (
    <article>
      <header>
        <h2>{detail.title}</h2>
      </header>
      <OwnFindings detail={detail} />
      <Links detail={detail} />
      <Facts detail={detail} />
      {detail.events.length === 0 ? null : (
        <Events detail={detail} title={kind === 'block' ? 'Biography' : 'Counts'} />
      )}
      <Stacks detail={detail} />
      <Teardowns teardowns={detail.teardowns} />
    </article>
  );
}
