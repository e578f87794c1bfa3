import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';

/** `toEqual` for what is large: its comparison, which is slow and says where they differ, is made only if they do. */
export function expectAlike(seen: unknown, wanted: unknown, what?: string): void {
  if (!isDeepStrictEqual(seen, wanted)) expect(seen, what).toEqual(wanted);
}
