import { CodeWriter } from './code-writer.ts';
import { TYPE, typeOfLetter } from './value-type.ts';

/** The locals that checks add to a function, each declared when it is first needed, and the code in the making. */
export class AddedLocals {
  readonly code = new CodeWriter(4096);
  readonly declarations = new CodeWriter();
  added = 0;
  #first = 0;
  #found = -1;
  #known = { __proto__: null } as unknown as NamedLocals;

  begin(first: number): void {
    this.#first = first;
    this.added = 0;
    this.#found = -1;
    this.#known = { __proto__: null } as unknown as NamedLocals;
    this.declarations.reset();
  }

  /** What was accumulated: an i64. */
  found(): number {
    if (this.#found < 0) this.#found = this.#add(TYPE.i64);
    return this.#found;
  }

  operand(place: number, letter: string): number {
    return this.#named(letter + place, typeOfLetter(letter));
  }

  /** What another local was when a loop began. */
  initial(local: number): number {
    return this.#named(`initial${local}`, TYPE.i32);
  }

  /** The last address of the span `place` of a loop. */
  last(place: number): number {
    return this.#named(`last${place}`, TYPE.i32);
  }

  #named(key: string, type: number): number {
    const known = this.#known[key];
    if (known !== undefined) return known;
    const local = this.#add(type);
    this.#known[key] = local;
    return local;
  }

  #add(type: number): number {
    this.declarations.u32(1);
    this.declarations.byte(type);
    return this.#first + this.added++;
  }
}

interface NamedLocals {
  [key: string]: number;
}
