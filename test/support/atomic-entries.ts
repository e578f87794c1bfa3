import { ATOMIC, SLOT, SLOT_WORDS } from '../../src/shared/slots.ts';

const KINDS = Object.fromEntries(Object.entries(ATOMIC).map(([name, code]) => [code, name])) as {
  readonly [code: number]: keyof typeof ATOMIC;
};

/** An `atomic` entry, spelt out. */
export interface AtomicEntry {
  readonly kind: keyof typeof ATOMIC;
  readonly cell: number;
  readonly before: number;
  readonly after: number;
  readonly time: number;
  readonly read: number;
  readonly written: number;
  readonly count: number;
}

/** The `atomic` entries among slots, and how many slots were said to be lost. */
export function atomicsOf(words: Int32Array): {
  readonly entries: readonly AtomicEntry[];
  readonly lost: number;
} {
  const entries: AtomicEntry[] = [];
  let lost = 0;
  for (let i = 0; i < words.length; i += SLOT_WORDS) {
    const [tag = 0, before = 0, time = 0, after = 0, , read = 0, written = 0, count = 0] =
      words.subarray(i, i + 2 * SLOT_WORDS);
    if ((tag & 0xff) === SLOT.lost) lost += after;
    if ((tag & 0xff) !== SLOT.atomic) continue;
    const kind = KINDS[(tag >>> 8) & 0xff] as keyof typeof ATOMIC;
    entries.push({ kind, cell: tag >>> 16, before, after, time, read, written, count });
  }
  return { entries, lost };
}

export function lineOf({ kind, cell, read, written, count }: AtomicEntry): string {
  return `${kind} ${cell} ${read}→${written}${count === 1 ? '' : ` ×${count}`}`;
}
