import { assertUnreachable } from '../../base/assert.ts';
import type { LifelineRecord } from '../../shared/records.ts';
import { MAIN_THREAD, type ThreadId } from '../../shared/units.ts';
import type { DocumentState } from '../document-state.ts';
import { pointOf } from '../point.ts';
import * as channels from './channels.ts';
import * as contexts from './contexts.ts';
import * as growth from './growth.ts';
import * as memories from './memories.ts';
import * as nodes from './nodes.ts';
import * as page from './page.ts';
import * as ports from './ports.ts';
import * as processors from './processors.ts';
import * as wires from './wires.ts';

/** What a record without words says. */
const UNCOVERED_WORDS: { readonly [what: string]: string } = {
  'cross-realm':
    'A worklet node was made in a context of another frame: it and its processor are not seen.',
};

/** Turns one record into facts. False when it names something that nobody made. */
export function takeRecord(
  document: DocumentState,
  record: LifelineRecord,
  thread: ThreadId,
): boolean {
  const point = pointOf(record, thread, document.facts.isolated);
  document.sawTime(record.at);
  switch (record.record) {
    case 'threadStarted':
      return processors.threadStarted(document, record, point);
    case 'contextCreated':
      return contexts.contextCreated(document, record, point);
    case 'contextState':
      return contexts.contextState(document, record, point);
    case 'contextCall':
      return contexts.contextCall(document, record, point);
    case 'contextSettled':
      return contexts.contextSettled(document, record, point);
    case 'contextCollected':
      return contexts.contextCollected(document, record, point);
    case 'moduleRequested':
      return contexts.moduleRequested(document, record, point);
    case 'moduleSettled':
      return contexts.moduleSettled(document, record, point);
    case 'underrun':
      return contexts.underrun(document, record, point);
    case 'nodeCreated':
      return nodes.nodeCreated(document, record, point);
    case 'nodeRefused':
      return nodes.nodeRefused(document, record, point);
    case 'neighbourSeen':
      return nodes.neighbourSeen(document, record, point);
    case 'nodeCollected':
      return nodes.nodeCollected(document, record, point);
    case 'declaredDestroyed':
      return nodes.declaredDestroyed(document, record, point);
    case 'processorErrorEvent':
      return nodes.processorErrorEvent(document, record, point);
    case 'memoryPassed':
      return nodes.memoryPassed(document, record);
    case 'connected':
      return wires.connected(document, record, point);
    case 'disconnected':
      return wires.disconnected(document, record, point);
    case 'messageSent':
      return ports.messageSent(document, record, point);
    case 'messageReceived':
      return ports.messageReceived(document, record, point);
    case 'portClosed':
      return ports.portClosed(document, record, point);
    case 'processorRegistered':
      return processors.processorRegistered(document, record, point);
    case 'processorConstructed':
      return processors.processorConstructed(document, record, point);
    case 'processorFailed':
      return processors.processorFailed(document, record, point);
    case 'processorCollected':
      return processors.processorCollected(document, record, point);
    case 'process':
      return processors.process(document, record, point);
    case 'clock':
      return processors.clock(document.byThread.get(thread), record, point);
    case 'blockAllocated':
      return page.blockAllocated(document, record, point);
    case 'blockFreed':
      return page.blockFreed(document, record, point);
    case 'mark':
      return page.mark(document, record, point);
    case 'lost':
      return page.lost(document, record, point);
    case 'page':
      return page.page(document, record, point);
    case 'uncovered':
      document.uncovered(record.detail || (UNCOVERED_WORDS[record.what] ?? record.what));
      return true;
    case 'workerCreated':
      return document.workers.created(record, point);
    case 'workerThread':
      return thread === MAIN_THREAD && document.workers.thread(record);
    case 'workerEnded':
      return document.workers.ended(record, point);
    case 'scopeState':
      return document.workers.scope(record, point);
    case 'channelCreated':
      return channels.channelCreated(document, record, point);
    case 'broadcastOpened':
      return channels.broadcastOpened(document, record, point);
    case 'endState':
      return channels.endState(document, record, point);
    case 'portSent':
      return channels.portSent(document, record, point);
    case 'portReceived':
      return channels.portReceived(document, record, point);
    case 'passed':
      return channels.passed(document, record, point);
    case 'payloadIn':
      return channels.payloadIn(document, record, point);
    case 'arrived':
      return channels.arrived(document, record, point);
    case 'memorySeen':
      return memories.memorySeen(document, record, point);
    case 'cellSeen':
      return memories.cellSeen(document, record, point);
    case 'wasmCompiled':
      return memories.wasmCompiled(document, record, point);
    case 'atomicsCovered':
      return memories.atomicsCovered(document, record, point);
    case 'atomicsMissed':
      return memories.atomicsMissed(document, record, point);
    case 'heapAllocated':
      return page.heapAllocated(document, record, point);
    case 'heapFound':
      return page.heapFound(document, record, point);
    case 'heapFreed':
      return page.heapFreed(document, record, point);
    case 'heapMisfreed':
      return page.heapMisfreed(document, record, point);
    case 'fetchEnded':
      return page.fetchEnded(document, record, point);
    case 'fetchRefused':
      return page.fetchRefused(document, record, point);
    case 'heapSite':
      return page.heapSite(document, record, point);
    case 'heapState':
      return page.heapState(document, record, point);
    case 'userDataIn':
      return page.userDataIn(document, record);
    case 'freedTouched':
      return memories.freedTouched(document, record, point);
    case 'freedTouchedAgain':
      return memories.freedTouchedAgain(document, record, point);
    case 'heapsHeard':
      return memories.heapsHeard(document, record, point);
    case 'formCompiled':
      return memories.formCompiled(document, record, point);
    case 'stressed':
      return memories.stressed(document, record, point);
    case 'memoryGrown':
      return growth.memoryGrown(document, record, point);
    case 'bufferRead':
      return growth.bufferRead(document, record, point);
    case 'staleView':
      return growth.staleView(document, record, point);
    case 'wasmBlocked':
      return growth.wasmBlocked(document, record, point);
    case 'instantiationBegun':
      return growth.instantiationBegun(document, record, point);
    case 'instantiationSettled':
      return growth.instantiationSettled(document, record, point);
    default:
      return assertUnreachable(record);
  }
}
