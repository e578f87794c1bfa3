import { resolve } from 'node:path';
import { type StaticServer, serveStatic } from '../../src/cli/serve.ts';

export const PROJECT = resolve(import.meta.dirname, '../..');
export const PAGES = resolve(PROJECT, 'test/pages');

/**
 * Serves `test/pages`, and the installed packages that its pages use, on a loopback port of its own. A
 * page is cross-origin isolated when its URL says `?isolated` or its markup `<meta name="lifeline-isolated">`.
 */
export function startServer(options: { readonly isolated?: boolean } = {}): Promise<StaticServer> {
  const mounts = { '/node_modules/': resolve(PROJECT, 'node_modules') };
  return serveStatic({ root: PAGES, mounts, ...options });
}
