import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { EDGE_KINDS } from '../../src/analysis/ordering/places.ts';
import { ORDERED_BY } from '../../src/analysis/ordering/teardown.ts';
import { printRules } from '../../src/analysis/print-rules.ts';
import { RULES } from '../../src/analysis/rules/registry.ts';
import { printWireFormat } from '../../src/shared/print-wire-format.ts';

test('docs/rules.md says what the rules say (mend it by: npm run docs)', async () => {
  await expect(printRules()).toMatchFileSnapshot('../../docs/rules.md');
});

test('docs/wire-format.md says what the formats are (mend it by: npm run docs)', async () => {
  await expect(printWireFormat()).toMatchFileSnapshot('../../docs/wire-format.md');
});

test('docs/ordering.md has a picture for every kind of edge, and a row for all that orders a teardown', () => {
  const docs = resolve(import.meta.dirname, '../../docs');
  const text = readFileSync(resolve(docs, 'ordering.md'), 'utf8');
  const sections = text.split(/^#+ /m);
  for (const kind of Object.keys(EDGE_KINDS)) {
    const section = sections.find((each) => each.startsWith(`\`${kind}\`\n`));
    expect(section, kind).toMatch(/^```$/m);
  }
  for (const by of Object.keys(ORDERED_BY)) expect(text).toContain(`| \`${by}\``);
  for (const [, path] of text.matchAll(/\]\(([^)#]+)\)/g)) {
    expect(existsSync(resolve(docs, path ?? '')), path).toBe(true);
  }
});

test('every rule is registered under its own id, and explains itself', () => {
  for (const [id, rule] of Object.entries(RULES)) {
    expect(rule.id).toBe(id);
    for (const text of [rule.title, rule.explain, rule.help])
      expect(text.length).toBeGreaterThan(9);
    expect(new URL(rule.link).protocol).toBe('https:');
  }
});
