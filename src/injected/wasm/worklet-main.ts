import { passageNameIn } from '../../shared/passage.ts';
import { rewriteModule } from './rewrite-module.ts';

/**
 * Loaded into a scope behind the prelude, before the page's first module, where modules are to be rewritten. The prelude takes it
 * away as soon as the passage comes.
 */
const name = passageNameIn(import.meta.url);
if (name !== undefined) {
  Object.defineProperty(globalThis, name, { value: rewriteModule, configurable: true });
}
