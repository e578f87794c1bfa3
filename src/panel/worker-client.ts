import { err, type Result } from '../base/result.ts';
import type {
  Answers,
  FromWorker,
  Geometry,
  Question,
  SessionView,
  ToWorker,
  View,
} from './worker/protocol.ts';

export interface WorkerListener {
  session(session: SessionView): void;
  geometry(geometry: Geometry): void;
  fault(message: string): void;
}

/** The worker as the panel's thread sees it: tells, asks, and never more than one view on its way. */
export class WorkerClient implements Disposable {
  readonly #worker: Worker;
  readonly #listener: WorkerListener;
  readonly #waiting = new Map<number, (answer: Result<unknown>) => void>();
  #asked = 0;
  #viewInFlight: number | undefined;
  #viewNext: View | undefined;

  constructor(worker: Worker, listener: WorkerListener) {
    this.#worker = worker;
    this.#listener = listener;
    worker.addEventListener('message', (event: MessageEvent<FromWorker>) =>
      this.#receive(event.data),
    );
    worker.addEventListener('error', (event) => listener.fault(event.message));
  }

  /** Nothing was asked or looked at that is not answered yet. */
  get quiet(): boolean {
    return (
      this.#waiting.size === 0 && this.#viewInFlight === undefined && this.#viewNext === undefined
    );
  }

  tell(message: ToWorker, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  ask<Q extends Question>(
    question: Q,
    transfer: Transferable[] = [],
  ): Promise<Result<Answers[Q['ask']]>> {
    const id = ++this.#asked;
    return new Promise((resolve) => {
      this.#waiting.set(id, (answer) => resolve(answer as Result<Answers[Q['ask']]>));
      this.tell({ kind: 'ask', id, question }, transfer);
    });
  }

  /** Views asked for while one is on its way replace each other. */
  look(view: View): void {
    if (this.#viewInFlight !== undefined) {
      this.#viewNext = view;
      return;
    }
    this.#viewInFlight = view.id;
    this.tell({ kind: 'look', view });
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
    for (const resolve of this.#waiting.values()) resolve(err('the panel was closed'));
    this.#waiting.clear();
  }

  #receive(message: FromWorker): void {
    switch (message.kind) {
      case 'session':
        this.#listener.session(message.session);
        return;
      case 'geometry': {
        this.#listener.geometry(message.geometry);
        if (message.geometry.view.id !== this.#viewInFlight) return;
        this.#viewInFlight = undefined;
        const next = this.#viewNext;
        this.#viewNext = undefined;
        if (next !== undefined) this.look(next);
        return;
      }
      case 'answer': {
        const resolve = this.#waiting.get(message.id);
        this.#waiting.delete(message.id);
        resolve?.(message.answer);
        return;
      }
      case 'fault':
        this.#viewInFlight = undefined;
        this.#listener.fault(message.message);
        return;
    }
  }
}
