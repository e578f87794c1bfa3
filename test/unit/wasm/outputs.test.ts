import { expect, test } from 'vitest';
import { HAS_MULTI_MEMORY } from '../../support/wasm-engine.ts';
import { publishedModule } from '../../support/wasm-modules.ts';
import { type Form, type Output, outputOf } from '../../support/wasm-outputs.ts';

/** Each function of these comes back or traps, whatever it is called with: `npm run bench wasm-outputs` runs more. */
const MODULES = ['gtcrn', 'rnnoise', 'signalsmith', 'speex', 'webp'] as const;
const FORMS: readonly Form[] = [
  'heap hooks',
  ...(HAS_MULTI_MEMORY ? (['full', 'full, freed memory'] as const) : []),
];

test.each(MODULES)('%s does in its instrumented forms what the original does', (name) => {
  const bytes = publishedModule(name);
  const run = (form: Form): Omit<Output, 'reports'> => {
    const { reports: _, ...output } = outputOf(bytes, form, [], () => undefined);
    return output;
  };
  const original = run('original');
  expect(original.returned).toBeGreaterThan(10);
  for (const form of FORMS) expect({ form, ...run(form) }).toEqual({ form, ...original });
});
