import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { PAGES } from '../../support/server.ts';
import { assemble } from '../../support/wasm-assembler.ts';
import { HELD_VOICES } from '../../support/wasm-held-voices.ts';
import { VOICES } from '../../support/wasm-voices.ts';

test.each([
  ['voices.js', VOICES],
  ['held-voices.js', HELD_VOICES],
])('the module in %s is the one whose source is here', (file, source) => {
  const page = readFileSync(resolve(PAGES, file), 'utf8');
  const base64 = Buffer.from(assemble(source)).toString('base64');
  expect(page.replace(/' \+\n\s*'/g, '')).toContain(`'${base64}'`);
});
