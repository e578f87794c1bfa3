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
  { entry: 'src/injected/worklet/main.ts', file: 'worklet.js', format: 'es' },
  { entry: 'src/content/main.ts', file: 'content.js', format: 'iife' },
  { entry: 'src/devtools/background.ts', file: 'background.js', format: 'iife' },
] as const;

/**
 * Members of objects that stay within the script for pages, which is measured in kilobytes: they get short
 * names. None of them may be a name on the wire, in a record or in the platform's own objects.
 */
const OWN_MEMBERS =
  /^(entities|recorder|collector|patches|realm|natives|isWorklet|isReady|frameOf|addContext|addNode|nextModule|nextCall|constructible|standIn|mayPreview|recorded|stirred|retire|drain|drainForGood|obey|watching|acknowledge|answerFlush|pump|contexts|worklets|params|allocate|isFull|missing|tell|ask|cut|drop|guard|eachParameter|ownUrl|dataOf|listen|stateOf|role|owner|take|running|hello|poll|nodes|sent|received|blocks|cell|after|post|last|sink|isRunning|outcome|reason|preview|ordinal|processorName|className|quantumFrames|userData|fields)$/;

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

function realm({ entry, file, format }: (typeof REALMS)[number]): InlineConfig {
  const minify =
    file === 'injected.js' ? { minify: { mangleProps: { include: OWN_MEMBERS } } } : {};
  return {
    configFile: false,
    root,
    logLevel: 'warn',
    plugins: [withoutDocs()],
    build: {
      outDir,
      emptyOutDir: false,
      target: 'chrome134',
      minify: true,
      modulePreload: false,
      rolldownOptions: {
        input: resolve(root, entry),
        output: { format, entryFileNames: file, codeSplitting: false, ...minify },
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
