import { assertUnreachable } from '../base/assert.ts';
import { err, ok, type Result } from '../base/result.ts';
import * as LIMITS from '../shared/limits.ts';
import type { WorkerEntered } from '../shared/records.ts';
import { DocumentState } from './document-state.ts';
import { Intake } from './intake.ts';
import { workerLabel } from './labels.ts';
import type { DocumentFacts } from './model.ts';
import { orderingOf } from './ordering/document-ordering.ts';
import type { Ordering } from './ordering/ordering.ts';
import { type Teardown, Teardowns } from './ordering/teardown.ts';
import type { SessionInput } from './session-input.ts';
import type { Thresholds } from './thresholds.ts';

const CUT_OFF =
  'a document went away without a word (a crash, or to a page of other isolation): its last moments are not seen';

/** Whether its end was recorded, and with it all that came before. */
function saidFarewell({ pageEvents }: DocumentFacts): boolean {
  const last = pageEvents.findLast(({ event }) => event !== 'hidden' && event !== 'shown');
  return last?.event === 'ended' || last?.event === 'frozen';
}

interface Entry {
  readonly document: DocumentState;
  readonly intake: Intake;
}

interface Order {
  readonly ordering: Ordering;
  readonly teardowns: Teardowns;
}

export interface SessionTotals {
  /** `process()` calls recorded, in all frames. */
  readonly calls: number;
  /** Messages sent, by whatever channel. */
  readonly messages: number;
  /** Records that recorders had to give up, as they counted them. */
  readonly lost: number;
  /** Records refused on the way or naming something that nobody made. */
  readonly dropped: number;
}

/** Why what a worker does was not seen. Its recorder, where it was refused, says so itself as well. */
const NOT_ENTERED: { readonly [why in Exclude<WorkerEntered, 'yes'>]: string } = {
  forbidden: 'the page’s policy forbids code that is made of text',
  foreign: 'its script is neither of the page’s origin nor a blob',
  limit: 'there are too many threads',
  'not-isolated': 'it was made before there was any audio, on a page that cannot share memory',
};

/** A worker matters where there is audio, or memory that it may share with somebody. */
function unentered({ facts }: DocumentState): readonly string[] {
  if (facts.contexts.size === 0 && !facts.isolated) return [];
  const said: string[] = [];
  for (const worker of facts.workers.values()) {
    if (worker.entered === 'yes' || said.length >= LIMITS.threads) continue;
    said.push(
      `what worker ${workerLabel(worker)} does is not seen: ${NOT_ENTERED[worker.entered]}`,
    );
  }
  return said;
}

const NOT_ISOLATED =
  'The page is not cross-origin isolated: calls and page events are ordered by frames and times, not by one counter.';

/** All facts of a recording, built from its inputs as they come, live or from a file. */
export class Session {
  readonly #entries = new Map<string, Entry>();
  readonly #documents: DocumentFacts[] = [];
  readonly #orders = new Map<DocumentFacts, Order>();
  #refused = 0;
  #bytes = 0;
  #calls = 0;

  /** In the order in which they said hello. */
  get documents(): readonly DocumentFacts[] {
    return this.#documents;
  }

  get totals(): SessionTotals {
    let calls = 0;
    let messages = 0;
    let lost = 0;
    let dropped = this.#refused;
    for (const { document } of this.#entries.values()) {
      lost += document.lost;
      dropped += document.dropped;
      messages += document.channels.sentCount;
      calls += document.tally.calls;
    }
    return { calls, messages, lost, dropped };
  }

  /** What could not be observed, in words. */
  get coverage(): readonly string[] {
    const said = new Set<string>();
    for (const { document } of this.#entries.values()) {
      for (const text of document.facts.coverage) said.add(text);
      if (!document.facts.isolated && document.facts.contexts.size > 0) said.add(NOT_ISOLATED);
      for (const text of unentered(document)) said.add(text);
      if (document.dropped > 0) {
        said.add(
          `${document.dropped} records were dropped: they name something that nobody made, or are more than is kept`,
        );
      }
    }
    return [...said];
  }

  /** What had to happen before what, of all that has come by now. */
  ordering(document: DocumentFacts): Ordering {
    return this.#orderOf(document).ordering;
  }

  /** What is to be said of every release of something that a processor uses. */
  teardowns(document: DocumentFacts, thresholds: Thresholds): readonly Teardown[] {
    return this.#orderOf(document).teardowns.all(thresholds);
  }

  #orderOf(document: DocumentFacts): Order {
    let order = this.#orders.get(document);
    if (order === undefined) {
      const ordering = orderingOf(document);
      order = { ordering, teardowns: new Teardowns(document, ordering) };
      this.#orders.set(document, order);
    }
    order.ordering.refresh();
    return order;
  }

  /** Bad input changes nothing but the counts; the error says what was wrong with it. */
  ingest(input: SessionInput): Result<void> {
    if (input.kind === 'document') return this.#hello(input);
    const entry = this.#entries.get(input.document);
    if (entry === undefined) {
      this.#refused++;
      return err(`${input.kind} of a document that never said hello`);
    }
    const { document, intake } = entry;
    switch (input.kind) {
      case 'chunk': {
        const { byteLength } = input.chunk.bytes;
        if (this.#bytes + byteLength > LIMITS.sessionBytes) {
          this.#refused++;
          document.incomplete = true;
          document.uncovered(`what came after the session had ${LIMITS.sessionBytes} bytes`);
          return err('the session is full: save it, clear it and go on');
        }
        if (this.#calls > LIMITS.sessionCalls && input.chunk.form === 'slots') {
          this.#refused++;
          document.incomplete = true;
          document.uncovered(`what came after the session had ${LIMITS.sessionCalls} calls`);
          return err('the session is full: save it, clear it and go on');
        }
        this.#bytes += byteLength;
        this.#calls -= document.tally.calls;
        const taken = intake.take(input.chunk);
        this.#calls += document.tally.calls;
        return taken;
      }
      case 'forgotten':
        if (input.number <= intake.number + 1) return ok(undefined);
        intake.skipTo(input.number);
        document.incomplete = true;
        if (input.bytes === 0) return ok(undefined);
        document.uncovered(
          `the page’s history had already forgotten ${input.bytes} bytes before the panel watched`,
        );
        return ok(undefined);
      case 'refused':
        this.#refused += input.count;
        document.incomplete = true;
        document.uncovered(`messages of the page were refused: ${input.reason}`);
        return ok(undefined);
      case 'gone':
        document.facts.goneAt ??= document.facts.lastAt;
        if (document.contexts.size > 0 && !saidFarewell(document.facts))
          document.uncovered(CUT_OFF);
        return ok(undefined);
      default:
        return assertUnreachable(input);
    }
  }

  #hello(input: Extract<SessionInput, { kind: 'document' }>): Result<void> {
    const { origin, timeOrigin, isolated } = input;
    const known = this.#entries.get(origin.document);
    if (known !== undefined) {
      known.document.facts.goneAt = undefined;
      known.document.facts.url = origin.url;
      return ok(undefined);
    }
    if (this.#documents.length >= LIMITS.documents) {
      this.#refused++;
      return err(`more than ${LIMITS.documents} documents: clear the session and go on`);
    }
    const document = new DocumentState(this.#documents.length, origin, timeOrigin, isolated);
    this.#entries.set(origin.document, { document, intake: new Intake(document) });
    this.#documents.push(document.facts);
    return ok(undefined);
  }
}
