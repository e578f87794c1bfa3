import { copyFileSync, cpSync, mkdirSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { resolve } from 'node:path';
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

/**
 * What the late part of the page's script gets from the early one instead of evaluating it again, when the
 * page may have replaced the built-ins: the modules, by the parameters of the function that it exports.
 */
const FROM_EARLY = {
  'src/base/intrinsics.ts': '__intrinsics',
  'src/shared/describe-error.ts': '__errors',
} as const;

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

function fromEarly(): Plugin {
  return {
    name: 'lifeline-from-early',
    enforce: 'pre',
    transform(code, id) {
      for (const [path, parameter] of Object.entries(FROM_EARLY)) {
        if (id !== resolve(root, path)) continue;
        const names = Array.from(
          code.matchAll(/^export (?:const|function) (\w+)/gm),
          ([, name]) => name,
        );
        return { code: `export const { ${names.join()} } = ${parameter};`, map: null };
      }
      return undefined;
    },
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type !== 'chunk') continue;
        const body = file.code.replace(/export\s*\{\s*(\S+) as start\s*\};?\s*$/, 'return $1');
        file.code = `export default (${Object.values(FROM_EARLY).join()}) => {${body}};\n`;
      }
    },
  };
}

function realm({ entry, file, format }: (typeof REALMS)[number]): InlineConfig {
  const isLate = file === 'late.js';
  return {
    configFile: false,
    root,
    logLevel: 'warn',
    plugins: [withoutDocs(), ...(isLate ? [fromEarly()] : [])],
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
