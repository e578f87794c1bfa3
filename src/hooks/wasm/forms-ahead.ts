import {
  deref,
  IntrinsicFinalizationRegistry,
  IntrinsicMap,
  IntrinsicWeakRef,
  mapDelete,
  mapForEach,
  mapGet,
  mapSet,
  registerFinalizer,
} from '../../base/intrinsics.ts';
import * as LIMITS from '../../shared/limits.ts';

/** Where the compiled forms are that have a number. */
export interface NumberedForms {
  find(id: number): object | undefined;
}

/**
 * The instrumented forms that the page has compiled. Other threads get each of them, compiled, as soon as there is one, and so
 * before any message of the page's can bring its module: what they run then they need not compile. The newest are
 * remembered for threads that begin later.
 */
export class FormsAhead implements NumberedForms {
  readonly #newest = new IntrinsicMap<number, WeakRef<object>>();
  readonly #send: (id: number, form: object) => void;
  readonly #collected: FinalizationRegistry<number>;
  #made = 0;

  /** `send` and `gone` tell all other threads. */
  constructor(send: (id: number, form: object) => void, gone: (id: number) => void) {
    this.#send = send;
    this.#collected = new IntrinsicFinalizationRegistry((id) => {
      mapDelete(this.#newest, id);
      gone(id);
    });
  }

  /** Gives its number. */
  add(form: object): number {
    const id = ++this.#made;
    mapSet(this.#newest, id, new IntrinsicWeakRef(form));
    mapDelete(this.#newest, id - LIMITS.formsAhead);
    registerFinalizer(this.#collected, form, id);
    this.#send(id, form);
    return id;
  }

  find(id: number): object | undefined {
    const ref = mapGet(this.#newest, id);
    return ref && deref(ref);
  }

  get all(): Map<number, object> {
    const all = new IntrinsicMap<number, object>();
    mapForEach(this.#newest, (ref, id) => {
      const form = deref(ref);
      if (form) mapSet(all, id, form);
    });
    return all;
  }
}

/** The newest forms that have come to another thread, until the page has none of them any more. */
export class FormsCome implements NumberedForms {
  readonly all: Map<number, object> = new IntrinsicMap();

  take(id: number, form: object): void {
    mapSet(this.all, id, form);
    mapDelete(this.all, id - LIMITS.formsAhead);
  }

  takeAll(forms: Map<number, object>): void {
    mapForEach(forms, (form, id) => this.take(id, form));
  }

  gone(id: number): void {
    mapDelete(this.all, id);
  }

  find(id: number): object | undefined {
    return mapGet(this.all, id);
  }
}
