/** `LIFELINE_TIMES=10` before a command lets it try ten times as many seeds, and rounds of one seed. */
const TIMES = Number(process.env['LIFELINE_TIMES'] ?? 1);

export function rounds(usual: number): number {
  return usual * TIMES;
}

/** 1, 2, 3 and so on. */
export function seeds(usual: number): readonly number[] {
  return Array.from({ length: rounds(usual) }, (_, i) => i + 1);
}
