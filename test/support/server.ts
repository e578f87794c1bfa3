import { resolve } from 'node:path';
import { type StaticServer, serveStatic } from '../../src/cli/serve.ts';

export const PROJECT = resolve(import.meta.dirname, '../..');
export const PAGES = resolve(PROJECT, 'test/pages');

/** Packages whose built files the pages under `test/pages/packages` load, as `/node_modules/<name>/`. */
const PACKAGES = ['tone', '@grame/faustwasm', 'ringbuf.js', 'superdough', 'nanostores'] as const;

/**
 * Serves `test/pages`, and of `node_modules` what its pages use, on a loopback port of its own. A page
 * is cross-origin isolated when its URL says `?isolated` or its markup `<meta name="lifeline-isolated">`.
 */
export function startServer(options: { readonly isolated?: boolean } = {}): Promise<StaticServer> {
  const mounts = Object.fromEntries(
    PACKAGES.map((name) => [`/node_modules/${name}/`, resolve(PROJECT, 'node_modules', name)]),
  );
  return serveStatic({ root: PAGES, mounts, ...options });
}
