import { workerLabel } from '../../analysis/labels.ts';
import type { WorkerFacts } from '../../analysis/model.ts';
import { CATEGORY, type HappeningWriter, said } from './happenings.ts';

/** What a worker’s parent did with it stands on the parent’s thread, what it did itself on its own. */
export function writeWorkers(out: HappeningWriter): void {
  for (const worker of out.document.workers.values()) writeWorker(out, worker);
}

function writeWorker(out: HappeningWriter, worker: WorkerFacts): void {
  const { scope, ended } = worker;
  const label = workerLabel(worker);
  const birth = scope.started === undefined ? [] : [out.flows.next()];
  out.onThread({
    point: worker.created,
    name: `new Worker ${label}`,
    category: CATEGORY.worker,
    args: {
      url: worker.url,
      name: said(worker.name),
      type: worker.type,
      observed: worker.entered === 'yes' ? undefined : worker.entered,
    },
    stack: worker.createStack,
    flows: birth,
  });
  if (scope.started !== undefined) {
    out.onThread({
      point: scope.started,
      name: 'first statement',
      category: CATEGORY.worker,
      args: { url: said(worker.scopeUrl) },
      endingFlows: birth,
    });
  }
  if (scope.evaluated !== undefined) {
    out.onThread({
      point: scope.evaluated,
      name: 'script evaluated',
      category: CATEGORY.worker,
      after: birth,
    });
  }
  if (scope.closing !== undefined) {
    out.onThread({
      point: scope.closing,
      name: 'close() called',
      category: CATEGORY.worker,
      after: birth,
    });
  }
  for (const error of worker.errors) {
    out.onThread({
      point: error,
      name: `error event of ${label}`,
      category: CATEGORY.worker,
      args: { reason: said(error.reason) },
      stack: error.stack,
    });
  }
  if (ended === undefined) return;
  out.onThread({
    point: ended,
    name: ended.how === 'terminated' ? `terminate() of ${label}` : `${label} did not load`,
    category: CATEGORY.worker,
    args: { reason: said(ended.reason) },
    stack: ended.stack,
  });
}
