import { appendFileSync } from 'node:fs';

/** One measured figure beside its baseline of the same run, as `npm run bench` prints it. */
export interface Figure {
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  /** What the value is compared with, in the same unit. */
  readonly baseline?: number;
  /** value / baseline. */
  readonly ratio?: number;
  /** The bar that this figure must hold, in words: `ratio <= 1.3`. */
  readonly bar?: string;
}

/** Prints a figure as one line of JSON. Outside of `npm run bench` it goes to the test's own output. */
export function printFigure(figure: Figure): void {
  const line = `${JSON.stringify(figure)}\n`;
  const file = process.env['LIFELINE_FIGURES'];
  if (file === undefined) process.stdout.write(line);
  else appendFileSync(file, line);
}
