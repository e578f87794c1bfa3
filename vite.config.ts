import { copyFileSync, cpSync, mkdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, resolve } from 'node:path';
import { build, defineConfig, type InlineConfig, type Plugin } from 'vite';

const root = import.meta.dirname;
const outDir = resolve(root, 'dist');

/**
 * One self-contained file a realm: content scripts and worklet modules cannot share chunks. `iife`
 * where the realm loads classic scripts, `es` where it loads modules.
 */
const REALMS = [
  { entry: 'src/injected/main.ts', file: 'injected.js', format: 'iife' },
  { entry: 'src/injected/late/main.ts', file: 'late.js', format: 'es' },
  { entry: 'src/injected/worklet/main.ts', file: 'worklet.js', format: 'es' },
  { entry: 'src/content/main.ts', file: 'content.js', format: 'iife' },
  { entry: 'src/devtools/background.ts', file: 'background.js', format: 'iife' },
] as const;

/** Gathers the modules that the two parts of the page's script share; see there. */
const SHARED_MODULES = resolve(root, 'src/injected/shared-modules.ts');

/** The modules by their names in it, each with the names of its own exports. */
function sharedModules(): readonly { name: string; path: string; exports: readonly string[] }[] {
  const imports = /^import \* as (\w+) from '(.+)';$/gm;
  return Array.from(readFileSync(SHARED_MODULES, 'utf8').matchAll(imports), ([, name, from]) => {
    const path = resolve(dirname(SHARED_MODULES), from ?? '');
    const exported = /^export (?:const|function) (\w+)/gm;
    const exports = Array.from(readFileSync(path, 'utf8').matchAll(exported), ([, each]) => each);
    return { name: `${name}`, path, exports: exports.map(String) };
  });
}

/** The record table explains itself for a docs page; scripts that run in pages leave that at home. */
function withoutDocs(): Plugin {
  return {
    name: 'lifeline-without-docs',
    enforce: 'pre',
    transform(code, id) {
      if (!id.endsWith('/src/shared/records.ts')) return undefined;
      return { code: code.replace(/\bdoc:\s*'(?:[^'\\]|\\.)*',?/g, ''), map: null };
    },
  };
}

/** For the early part: an object of each shared module, made when it is asked for. */
function sharing(): Plugin {
  return {
    name: 'lifeline-sharing',
    enforce: 'pre',
    transform(_code, id) {
      if (id !== SHARED_MODULES) return undefined;
      const modules = sharedModules();
      const imports = modules.map(
        ({ path, exports }) => `import { ${exports.join()} } from ${JSON.stringify(path)};`,
      );
      const objects = modules.map(
        ({ name, exports }) => `${name}: { __proto__: null, ${exports.join()} }`,
      );
      const code = `${imports.join('\n')}\nexport const shareModules = () => ({ ${objects.join()} });`;
      return { code, map: null };
    },
  };
}

/**
 * For the late part: shared modules are taken from the parameter of the function that it exports, `modules`.
 * So it evaluates no built-in, when the page may have replaced them already.
 */
function shared(): Plugin {
  return {
    name: 'lifeline-shared',
    enforce: 'pre',
    transform(_code, id) {
      const module = sharedModules().find(({ path }) => path === id);
      if (!module) return undefined;
      const { name, exports } = module;
      return { code: `export const { ${exports.join()} } = modules.${name};`, map: null };
    },
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type !== 'chunk') continue;
        const body = file.code.replace(/export\s*\{\s*(\S+) as start\s*\};?\s*$/, 'return $1');
        file.code = `export default (modules) => {${body}};\n`;
      }
    },
  };
}

function realm({ entry, file, format }: (typeof REALMS)[number]): InlineConfig {
  const isLate = file === 'late.js';
  const isEarly = file === 'injected.js';
  return {
    configFile: false,
    root,
    logLevel: 'warn',
    plugins: [withoutDocs(), isEarly && sharing(), isLate && shared()],
    build: {
      outDir,
      emptyOutDir: false,
      target: 'chrome134',
      minify: true,
      modulePreload: false,
      rolldownOptions: {
        input: resolve(root, entry),
        preserveEntrySignatures: isLate ? 'strict' : false,
        output: {
          format,
          entryFileNames: file,
          codeSplitting: false,
        },
        optimization: { inlineConst: { mode: 'all' } },
      },
    },
  };
}

/** The command line: a Node program that bundles our own code and leaves packages where they are. */
const cli: InlineConfig = {
  configFile: false,
  root,
  logLevel: 'warn',
  build: {
    outDir: resolve(outDir, 'cli'),
    emptyOutDir: false,
    target: 'node20',
    ssr: true,
    minify: false,
    rolldownOptions: {
      input: resolve(root, 'src/cli/main.ts'),
      external: [/^node:/, 'playwright-core', ...builtinModules],
      output: { format: 'es', entryFileNames: 'main.js', codeSplitting: false },
    },
  },
};

function realms(): Plugin {
  return {
    name: 'lifeline-realms',
    apply: 'build',
    async closeBundle() {
      mkdirSync(resolve(outDir, 'chromium'), { recursive: true });
      for (const each of REALMS) {
        const config = realm(each);
        await build({
          ...config,
          build: { ...config.build, outDir: resolve(outDir, 'chromium') },
        });
      }
      await build(cli);
      const icons = resolve(root, 'src/devtools/icons');
      cpSync(icons, resolve(outDir, 'chromium/icons'), { recursive: true });
      copyFileSync(resolve(root, 'manifest.json'), resolve(outDir, 'chromium/manifest.json'));
    },
  };
}

/** The extension's own pages; the realm bundles follow when these are written. */
export default defineConfig({
  root: resolve(root, 'src'),
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  worker: { format: 'es' },
  build: {
    outDir: resolve(outDir, 'chromium'),
    emptyOutDir: true,
    target: 'chrome134',
    modulePreload: false,
    rolldownOptions: {
      input: {
        panel: resolve(root, 'src/panel/panel.html'),
        devtools: resolve(root, 'src/devtools/devtools.html'),
      },
    },
  },
  plugins: [realms()],
});
