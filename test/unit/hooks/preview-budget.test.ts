import { expect, test } from 'vitest';
import { PreviewBudget } from '../../../src/hooks/preview-budget.ts';
import * as LIMITS from '../../../src/shared/limits.ts';

/** How many of `asked` messages in one second are looked into. */
function taken(budget: PreviewBudget, second: number, asked: number): number {
  let count = 0;
  for (let i = 0; i < asked; i++) {
    if (budget.take(second * 1e6 + (i * 1e6) / asked)) count++;
  }
  return count;
}

test('all messages are looked into while they are few, and some of a flood', () => {
  const budget = new PreviewBudget();
  const { previewsPerSecond: most, floodPreviewsPerSecond: some } = LIMITS;
  expect(taken(budget, 1, most)).toBe(most);
  expect(taken(budget, 2, 10 * most)).toBe(most);
  expect(taken(budget, 3, 10 * most)).toBe(some);
  expect(taken(budget, 4, most)).toBe(some);
  expect(taken(budget, 5, most)).toBe(most);
});
