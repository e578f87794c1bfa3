import { IntrinsicMap, mapGet, mapSet } from '../../base/intrinsics.ts';

export type PostNow = (port: MessagePort, message: unknown) => void;

interface Waiting {
  readonly port: MessagePort;
  readonly message: unknown;
}

/** Messages that are held back: let out all at once, in their order, each once. */
export class MessageQueue {
  readonly #post: PostNow;
  #waiting = new IntrinsicMap<number, Waiting>();
  #count = 0;

  constructor(post: PostNow) {
    this.#post = post;
  }

  get length(): number {
    return this.#count;
  }

  /** `message` is a copy that nobody else can change. */
  add(port: MessagePort, message: unknown): void {
    mapSet(this.#waiting, this.#count++, { port, message });
  }

  flush(): void {
    const waiting = this.#waiting;
    const count = this.#count;
    this.#waiting = new IntrinsicMap();
    this.#count = 0;
    for (let i = 0; i < count; i++) {
      const { port, message } = mapGet(waiting, i) as Waiting;
      this.#post(port, message);
    }
  }
}
