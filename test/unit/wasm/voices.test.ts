import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { PAGES } from '../../support/server.ts';
import { assemble } from '../../support/wasm-assembler.ts';
import { VOICES } from '../../support/wasm-voices.ts';

test('the module in the pages of the zoo is the one whose source is here', () => {
  const page = readFileSync(resolve(PAGES, 'voices.js'), 'utf8');
  const base64 = Buffer.from(assemble(VOICES)).toString('base64');
  expect(page.replace(/' \+\n\s*'/g, '')).toContain(`'${base64}'`);
});
