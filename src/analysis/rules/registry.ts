import { calledBeforeReady } from './called-before-ready.ts';
import { compileWhileRendering } from './compile-while-rendering.ts';
import { contextLeak } from './context-leak.ts';
import { danglingUserData } from './dangling-user-data.ts';
import { doubleDestroy } from './double-destroy.ts';
import { doubleFree } from './double-free.ts';
import { fetchHandleLeak } from './fetch-handle-leak.ts';
import { freeNotOrdered } from './free-not-ordered.ts';
import { heapLeak } from './heap-leak.ts';
import { invalidFree } from './invalid-free.ts';
import { memoryIdentitySplit } from './memory-identity-split.ts';
import { messageLost } from './message-lost.ts';
import { neverProcessed } from './never-processed.ts';
import { nodeAfterClose } from './node-after-close.ts';
import { orphanedProcessor } from './orphaned-processor.ts';
import { postmessageInProcess } from './postmessage-in-process.ts';
import { processAfterDestroy } from './process-after-destroy.ts';
import { processInFlightAtDestroy } from './process-in-flight-at-destroy.ts';
import { processorError } from './processor-error.ts';
import { quantumOverrun } from './quantum-overrun.ts';
import type { Rule } from './rule.ts';
import { spinWait } from './spin-wait.ts';
import { staleHeapView } from './stale-heap-view.ts';
import { stuckWaiter } from './stuck-waiter.ts';
import { teardownWhileSuspended } from './teardown-while-suspended.ts';
import { undeliveredAtShutdown } from './undelivered-at-shutdown.ts';
import { useAfterFree } from './use-after-free.ts';
import { zombieProcessor } from './zombie-processor.ts';

/** Every rule by its id. Ids are stable: add, never rename. */
export const RULES = {
  'process-after-destroy': processAfterDestroy,
  'process-in-flight-at-destroy': processInFlightAtDestroy,
  'zombie-processor': zombieProcessor,
  'orphaned-processor': orphanedProcessor,
  'never-processed': neverProcessed,
  'teardown-while-suspended': teardownWhileSuspended,
  'double-destroy': doubleDestroy,
  'processor-error': processorError,
  'free-not-ordered': freeNotOrdered,
  'use-after-free': useAfterFree,
  'stale-heap-view': staleHeapView,
  'memory-identity-split': memoryIdentitySplit,
  'dangling-user-data': danglingUserData,
  'double-free': doubleFree,
  'invalid-free': invalidFree,
  'heap-leak': heapLeak,
  'fetch-handle-leak': fetchHandleLeak,
  'node-after-close': nodeAfterClose,
  'context-leak': contextLeak,
  'message-lost': messageLost,
  'undelivered-at-shutdown': undeliveredAtShutdown,
  'spin-wait': spinWait,
  'stuck-waiter': stuckWaiter,
  'postmessage-in-process': postmessageInProcess,
  'compile-while-rendering': compileWhileRendering,
  'called-before-ready': calledBeforeReady,
  'quantum-overrun': quantumOverrun,
} as const satisfies { readonly [id: string]: Rule };

export type RuleId = keyof typeof RULES;
