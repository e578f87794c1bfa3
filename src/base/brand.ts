declare const brand: unique symbol;

/** A `T` that only its own constructor function makes, so that two ids or two units never mix. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
