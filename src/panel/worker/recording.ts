import type { Finding } from '../../analysis/finding.ts';
import { judge } from '../../analysis/judge.ts';
import { Session } from '../../analysis/session.ts';
import type { SessionInput } from '../../analysis/session-input.ts';

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
  #forgottenBytes = 0;

  constructor(file?: string) {
    this.file = file;
  }

  get inputs(): readonly SessionInput[] {
    return this.#inputs;
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

  /** An empty recording that knows the documents that are still there. */
  cleared(): Recording {
    const next = new Recording();
    for (const input of this.#documents.values()) next.ingest(input);
    return next;
  }
}
