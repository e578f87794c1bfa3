import type { Finding } from '../../analysis/finding.ts';
import { judge } from '../../analysis/judge.ts';
import { Session } from '../../analysis/session.ts';
import type { SessionInput } from '../../analysis/session-input.ts';
import { buildSessionTime } from './session-time.ts';

/** A session with the inputs it was made of and what was found in it so far. */
export class Recording {
  /** The opened file's name; undefined for the live session. */
  readonly file: string | undefined;
  readonly session = new Session();
  readonly #inputs: SessionInput[] = [];
  readonly #documents = new Map<string, SessionInput>();
  #findings: readonly Finding[] = [];
  #judged = true;
  #refused = 0;
  #sinceEpoch = 0;
  #forgottenBytes = 0;

  constructor(file?: string) {
    this.file = file;
  }

  get inputs(): readonly SessionInput[] {
    return this.#inputs;
  }

  /** Session time of the last clearing; 0 when there was none. */
  get since(): number {
    return Math.max(0, this.#sinceEpoch - buildSessionTime(this.session.documents).epoch);
  }

  get documents(): Iterable<string> {
    return this.#documents.keys();
  }

  get refused(): number {
    return this.#refused;
  }

  get forgottenBytes(): number {
    return this.#forgottenBytes;
  }

  /** Gives the reason when the input could not be read; it is then counted and left out. */
  ingest(input: SessionInput): string | undefined {
    const result = this.session.ingest(input);
    if (!result.ok) {
      this.#refused++;
      return result.error;
    }
    this.#judged = false;
    this.#inputs.push(input);
    switch (input.kind) {
      case 'document':
        this.#documents.set(input.origin.document, input);
        break;
      case 'gone':
        this.#documents.delete(input.document);
        break;
      case 'refused':
        this.#refused += input.count;
        break;
      case 'forgotten':
        this.#forgottenBytes += input.bytes;
        break;
      case 'chunk':
        break;
    }
    return undefined;
  }

  /** What is found in all that was ingested. Costs nothing when nothing new came. */
  findings(): readonly Finding[] {
    if (!this.#judged) {
      this.#findings = judge(this.session);
      this.#judged = true;
    }
    return this.#findings;
  }

  /**
   * As the page's own history is cleared: the calls go, and documents that are gone; lifecycles of
   * documents that are there stay, so that what lives goes on having a name. Findings that ended before
   * now are not shown again.
   */
  cleared(): Recording {
    const next = new Recording();
    next.#sinceEpoch = endOf(this.session);
    const known = this.#inputs.filter((input) => this.#documents.has(documentOf(input)));
    for (const input of withoutCalls(known)) next.ingest(input);
    next.#forgottenBytes = 0;
    return next;
  }

  /** The same without one document. */
  without(document: string): Recording {
    const next = new Recording();
    next.#sinceEpoch = this.#sinceEpoch;
    for (const input of this.#inputs) if (documentOf(input) !== document) next.ingest(input);
    return next;
  }
}

function documentOf(input: SessionInput): string {
  return input.kind === 'document' ? input.origin.document : input.document;
}

/** In place of each document's first slots it is said, once, that they were forgotten. */
function* withoutCalls(inputs: readonly SessionInput[]): Iterable<SessionInput> {
  const said = new Set<string>();
  for (const input of inputs) {
    if (input.kind !== 'chunk' || input.chunk.form !== 'slots') {
      yield input;
      continue;
    }
    const { document, chunk } = input;
    if (said.has(document)) {
      yield { ...input, chunk: { ...chunk, bytes: new Uint8Array(0) } };
      continue;
    }
    said.add(document);
    yield { kind: 'forgotten', document, number: chunk.number + 1, bytes: chunk.bytes.length };
  }
}

/** The latest time that is known of, in microseconds since the Unix epoch. */
function endOf(session: Session): number {
  const time = buildSessionTime(session.documents);
  return session.documents.reduce(
    (end, document) => Math.max(end, time.epoch + time.offsetOf(document) + document.lastAt),
    0,
  );
}
