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
  { entry: 'src/injected/wasm/main.ts', file: 'wasm.js', format: 'es' },
  { entry: 'src/injected/late/main.ts', file: 'late.js', format: 'es' },
  { entry: 'src/injected/main.ts', file: 'injected.js', format: 'iife' },
  { entry: 'src/injected/worklet/main.ts', file: 'worklet.js', format: 'es' },
  { entry: 'src/injected/wasm/worker-main.ts', file: 'worker-wasm.js', format: 'es' },
  { entry: 'src/injected/wasm/worklet-main.ts', file: 'worklet-wasm.js', format: 'es' },
  { entry: 'src/injected/worker/main.ts', file: 'worker.js', format: 'iife' },
  { entry: 'src/content/main.ts', file: 'content.js', format: 'iife' },
  { entry: 'src/devtools/background.ts', file: 'background.js', format: 'iife' },
] as const;

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

/**
 * Parts of the page's script that are loaded when they are needed, and the module of the part that loads each, whose
 * imports say which modules the two share; see there.
 */
const LATER_PARTS: { readonly [file: string]: string } = {
  'wasm.js': 'src/injected/late/shared-modules.ts',
  'late.js': 'src/injected/shared-modules.ts',
  'worker-wasm.js': 'src/injected/worker/shared-modules.ts',
};

/** How a part loads the next. */
const IMPORT = 'import(/* @vite-ignore */';

interface Export {
  readonly path: string;
  readonly name: string;
}

/** What a part takes, in the order of the list that the one before hands out. Known once it is built. */
const taken = new Map<string, readonly Export[]>();

/**
 * For a later part: exports of shared modules are taken from the parameter of the function that it exports,
 * `shared`. So it evaluates no built-in, when the page may have replaced them already.
 */
function takingShared(sharedModules: string): Plugin {
  const paths = Array.from(
    readFileSync(sharedModules, 'utf8').matchAll(/^import \* as \w+ from '(.+)';$/gm),
    ([, path]) => resolve(dirname(sharedModules), path ?? ''),
  );
  const exports: Export[] = [];
  return {
    name: 'lifeline-taking-shared',
    enforce: 'pre',
    transform(code, path) {
      // Else Vite would put helpers of its own around it.
      if (code.includes(IMPORT))
        return { code: code.replaceAll(IMPORT, 'importLater('), map: null };
      if (!paths.includes(path)) return undefined;
      const lines = Array.from(code.matchAll(/^export (?:const|function) (\w+)/gm), ([, name]) => {
        exports.push({ path, name: `${name}` });
        // Written as a call, so that it can be left out where it is not used.
        return `export const ${name} = /* @__PURE__ */ shared(${exports.length - 1});`;
      });
      return { code: lines.join('\n'), map: null };
    },
    generateBundle(_options, bundle) {
      const used: number[] = [];
      for (const file of Object.values(bundle)) {
        if (file.type !== 'chunk') continue;
        const body = file.code
          .replaceAll('importLater(', 'import(')
          .replace(/\bshared\((\d+)\)/g, (_all, at) => `shared[${used.push(Number(at)) - 1}]`)
          .replace(/export\s*\{\s*(\S+) as start\s*\};?\s*$/, 'return $1');
        file.code = `export default (shared) => {${body}};\n`;
      }
      taken.set(
        sharedModules,
        used.flatMap((at) => exports[at] ?? []),
      );
    },
  };
}

/** For the part before, which is built after it: the list, made when it is asked for. */
function handingShared(): Plugin {
  return {
    name: 'lifeline-handing-shared',
    enforce: 'pre',
    transform(_code, id) {
      const list = taken.get(id);
      if (list === undefined) return undefined;
      const imports = list.map(
        ({ path, name }, at) => `import { ${name} as _${at} } from ${JSON.stringify(path)};`,
      );
      const names = list.map((_each, at) => `_${at}`).join();
      const code = `${imports.join('\n')}\nexport const handOut = () => [${names}];`;
      return { code, map: null };
    },
  };
}

function realm({ entry, file, format }: (typeof REALMS)[number]): InlineConfig {
  const loader = LATER_PARTS[file];
  return {
    configFile: false,
    root,
    logLevel: 'warn',
    plugins: [
      withoutDocs(),
      handingShared(),
      loader !== undefined && takingShared(resolve(root, loader)),
    ],
    build: {
      outDir,
      emptyOutDir: false,
      target: 'chrome134',
      minify: true,
      modulePreload: false,
      rolldownOptions: {
        input: resolve(root, entry),
        preserveEntrySignatures: loader === undefined ? false : 'strict',
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
      external: [/^node:/, 'playwright-core', 'ws', ...builtinModules],
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
