import { IntrinsicMap, mapGet, mapSet } from '../base/intrinsics.ts';
import { Ints } from './list.ts';

/** Numbers of a run: where it begins and ends in its new body, and where it began in the original module. */
const RUN = 3;

/** Which bytes of new bodies are copies of which of the original. */
export class CodeMap {
  /** Runs by function of the new module, places counted from the beginning of its body. */
  readonly #runs = new IntrinsicMap<number, Ints>();
  #current = new Ints();

  /** What is written from `place` on is what stood at `original`. */
  note(place: number, original: number): void {
    this.end(place);
    this.#current.add(place);
    this.#current.add(place);
    this.#current.add(original);
  }

  /** What is written from `place` on is ours. */
  end(place: number): void {
    const { length } = this.#current;
    const open = length > 0 && this.#current.at(length - 2) === this.#current.at(length - 3);
    if (open) this.#current.set(length - 2, place);
  }

  /** All that was noted has moved on by so many bytes, behind something. */
  move(bytes: number): void {
    const current = this.#current;
    for (let at = 0; at < current.length; at += RUN) {
      current.set(at, current.at(at) + bytes);
      current.set(at + 1, current.at(at + 1) + bytes);
    }
  }

  /** What was noted is not used. */
  forget(): void {
    this.#current.clear();
  }

  /** What was noted is the body of a function. */
  finish(functionIndex: number): void {
    mapSet(this.#runs, functionIndex, this.#current);
    this.#current = new Ints();
  }

  /** Where in the original the byte of a body stood; of what is ours, what comes behind it. Undefined: nowhere. */
  originalOf(functionIndex: number, place: number): number | undefined {
    const runs = mapGet(this.#runs, functionIndex);
    if (!runs) return undefined;
    let low = 0;
    let high = runs.length / RUN;
    // The first run that ends behind it.
    while (low < high) {
      const middle = (low + high) >> 1;
      if (runs.at(middle * RUN + 1) <= place) low = middle + 1;
      else high = middle;
    }
    if (low * RUN >= runs.length) return undefined;
    const from = runs.at(low * RUN);
    return runs.at(low * RUN + 2) + (place > from ? place - from : 0);
  }
}
