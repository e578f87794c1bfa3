import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type StaticServer, serveStatic } from '../../../src/cli/serve.ts';

const folder = mkdtempSync(join(tmpdir(), 'lifeline-serve-'));
let server: StaticServer;

beforeAll(async () => {
  mkdirSync(join(folder, 'public'));
  mkdirSync(join(folder, 'package'));
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  writeFileSync(join(folder, 'public/index.html'), '<p>index');
  writeFileSync(join(folder, 'public/marked.html'), '<meta name="lifeline-isolated"><p>marked');
  writeFileSync(join(folder, 'package/main.js'), 'export {}');
  server = await serveStatic({
    root: join(folder, 'public'),
    mounts: { '/package/': join(folder, 'package') },
  });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

/** Without the normalising that `fetch` does to paths. */
const status = (path: string): Promise<number | undefined> =>
  new Promise((done, failed) => {
    request(server.origin, { path }, (response) => done(response.resume().statusCode))
      .on('error', failed)
      .end();
  });

test('serves the index of a folder and the files of a mount', async () => {
  expect(await (await fetch(`${server.origin}/`)).text()).toBe('<p>index');
  const script = await fetch(`${server.origin}/package/main.js`);
  expect(await script.text()).toBe('export {}');
  expect(script.headers.get('content-type')).toMatch(/^text\/javascript/);
});

test('isolates pages that ask for it, in their URL or in their markup, and no others', async () => {
  const policy = async (path: string) =>
    (await fetch(`${server.origin}${path}`)).headers.get('cross-origin-opener-policy');
  expect(await policy('/index.html')).toBe(null);
  expect(await policy('/index.html?isolated')).toBe('same-origin');
  expect(await policy('/marked.html')).toBe('same-origin');
});

test('gives nothing outside of its folders', async () => {
  expect(await status('/../secret.txt')).toBe(404);
  expect(await status('/%2e%2e/secret.txt')).toBe(404);
  expect(await status('/..%2fsecret.txt')).toBe(404);
  expect(await status('/package/..%2fsecret.txt')).toBe(404);
  expect(await status('/%00')).toBe(404);
  expect(await status('/%')).toBe(404);
  expect(await status('/missing')).toBe(404);
});
