import type { SessionInput } from '../../src/analysis/session-input.ts';
import type {
  Answers,
  FromWorker,
  Geometry,
  Question,
  SessionView,
} from '../../src/panel/worker/protocol.ts';
import { SessionHost } from '../../src/panel/worker/session-host.ts';

/** A host with a clock that is turned by hand. */
export class PanelBench {
  readonly sent: FromWorker[] = [];
  readonly transfers: ArrayBuffer[][] = [];
  readonly host: SessionHost;
  #now = 0;
  #asked = 0;
  #timers: { readonly at: number; readonly run: () => void }[] = [];

  constructor() {
    this.host = new SessionHost({
      send: (message, transfer) => {
        this.sent.push(structuredClone(message));
        this.transfers.push(transfer);
      },
      now: () => this.#now,
      later: (run, ms) => this.#timers.push({ at: this.#now + ms, run }),
    });
  }

  pass(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((each) => each !== due);
      this.#now = Math.max(this.#now, due.at);
      due.run();
    }
    this.#now = until;
  }

  ingest(inputs: readonly SessionInput[]): void {
    this.host.receive({ kind: 'ingest', inputs });
  }

  ask<Q extends Question>(question: Q): Answers[Q['ask']] {
    const id = ++this.#asked;
    this.host.receive({ kind: 'ask', id, question });
    const answer = this.sent.findLast((each) => each.kind === 'answer' && each.id === id);
    if (answer?.kind !== 'answer') throw new Error('not answered');
    if (!answer.answer.ok) throw new Error(answer.answer.error);
    return answer.answer.value as Answers[Q['ask']];
  }

  get sessions(): readonly SessionView[] {
    return this.sent.flatMap((each) => (each.kind === 'session' ? [each.session] : []));
  }

  get session(): SessionView {
    const last = this.sessions.at(-1);
    if (last === undefined) throw new Error('no session was sent');
    return last;
  }

  get geometries(): readonly Geometry[] {
    return this.sent.flatMap((each) => (each.kind === 'geometry' ? [each.geometry] : []));
  }
}
