import { deref, IntrinsicWeakRef } from '../base/intrinsics.ts';
import type { MemoryNews } from '../shared/passage.ts';
import type { EnteredWorker } from './workers.ts';

/** Says news to a worker that was entered, as long as it is there. */
export function newsTo({ self, say }: EnteredWorker): (news: MemoryNews) => void {
  const ref = new IntrinsicWeakRef(self);
  return (news) => {
    const worker = deref(ref);
    if (worker) say(worker, news);
  };
}
