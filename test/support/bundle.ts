import { resolve } from 'node:path';
import { build } from 'vite';
import { PROJECT } from './server.ts';

/** One of our sources with all that it imports, as a module for a thread of Node. */
export async function bundle(path: string): Promise<URL> {
  return new URL(`data:text/javascript,${encodeURIComponent(await bundledCode(path))}`);
}

/** The same as text. */
export async function bundledCode(path: string): Promise<string> {
  const built = await build({
    configFile: false,
    root: PROJECT,
    logLevel: 'error',
    build: {
      write: false,
      target: 'node20',
      ssr: true,
      minify: false,
      rolldownOptions: { input: resolve(PROJECT, path), output: { format: 'es' } },
    },
  });
  const output = 'output' in built ? built.output : [];
  return output[0]?.code ?? '';
}
