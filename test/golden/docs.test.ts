import { expect, test } from 'vitest';
import { printRules } from '../../src/analysis/print-rules.ts';
import { RULES } from '../../src/analysis/rules/registry.ts';
import { printWireFormat } from '../../src/shared/print-wire-format.ts';

test('docs/rules.md says what the rules say (mend it by: npm run docs)', async () => {
  await expect(printRules()).toMatchFileSnapshot('../../docs/rules.md');
});

test('docs/wire-format.md says what the formats are (mend it by: npm run docs)', async () => {
  await expect(printWireFormat()).toMatchFileSnapshot('../../docs/wire-format.md');
});

test('every rule is registered under its own id, and explains itself', () => {
  for (const [id, rule] of Object.entries(RULES)) {
    expect(rule.id).toBe(id);
    for (const text of [rule.title, rule.explain, rule.help])
      expect(text.length).toBeGreaterThan(9);
    expect(new URL(rule.link).protocol).toBe('https:');
  }
});
