import { readFile, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, resolve, sep } from 'node:path';

export interface StaticServer {
  /** `http://127.0.0.1:<port>`, without a slash at its end. */
  readonly origin: string;
  close(): Promise<void>;
}

export interface ServeOptions {
  /** The folder behind `/`. */
  readonly root: string;
  /** URL prefix (`/packages/tone/`) → folder; the longest prefix wins over `root`. */
  readonly mounts?: { readonly [prefix: string]: string };
  /** True: every page is cross-origin isolated, whether it asks for it or not. */
  readonly isolated?: boolean;
  /** Headers to add or to replace, by the URL asked for. */
  readonly headers?: (url: URL) => { readonly [name: string]: string };
}

const CONTENT_TYPES: { readonly [extension: string]: string } = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.wav': 'audio/wav',
  '.mp3': 'audio/mpeg',
};

/** What a page's markup says when it wants to be cross-origin isolated without `?isolated`. */
const ISOLATED_MARK = '<meta name="lifeline-isolated"';

/**
 * Serves folders on a loopback port of its own. A top-level page is cross-origin isolated when its URL
 * carries `?isolated` or its markup has `<meta name="lifeline-isolated">`; everything else is sent so
 * that an isolated page may embed it. Nothing forbids the back-forward cache.
 */
export async function serveStatic(options: ServeOptions): Promise<StaticServer> {
  const server = createServer((request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  await new Promise<void>((done, failed) => {
    server.once('error', failed);
    server.listen(0, '127.0.0.1', done);
  });
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise<void>((done, failed) => {
        server.close((error) => (error ? failed(error) : done()));
        server.closeAllConnections();
      }),
  };
}

async function answer(
  options: ServeOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://loopback');
  const path = await findFile(options, url.pathname);
  if (path === undefined) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('not found');
    return;
  }
  const body = await readFile(path);
  response.writeHead(200, {
    'content-type': CONTENT_TYPES[extname(path)] ?? 'application/octet-stream',
    'cache-control': 'no-cache',
    'cross-origin-resource-policy': 'cross-origin',
    ...isolationHeaders(options, request, url, path, body),
    ...options.headers?.(url),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function isolationHeaders(
  options: ServeOptions,
  request: IncomingMessage,
  url: URL,
  path: string,
  body: Buffer,
): { readonly [name: string]: string } {
  const embedder = { 'cross-origin-embedder-policy': 'require-corp' };
  const embedded = extname(path) !== '.html' || request.headers['sec-fetch-dest'] === 'iframe';
  if (embedded) return embedder;
  const asked =
    options.isolated === true || url.searchParams.has('isolated') || body.includes(ISOLATED_MARK);
  return asked ? { ...embedder, 'cross-origin-opener-policy': 'same-origin' } : {};
}

/** The file for a URL path, or undefined; never one outside the folder that the path belongs to. */
async function findFile(options: ServeOptions, pathname: string): Promise<string | undefined> {
  const prefix = Object.keys(options.mounts ?? {})
    .filter((each) => pathname.startsWith(each))
    .sort((a, b) => b.length - a.length)[0];
  const folder = resolve(prefix === undefined ? options.root : (options.mounts?.[prefix] ?? ''));
  const wanted = decode(pathname.slice(prefix?.length ?? 0));
  if (wanted === undefined) return undefined;
  const path = join(folder, wanted);
  if (path !== folder && !path.startsWith(folder + sep)) return undefined;
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) return path;
  if (!found?.isDirectory()) return undefined;
  const index = join(path, 'index.html');
  return (await stat(index).catch(() => undefined))?.isFile() ? index : undefined;
}

function decode(pathname: string): string | undefined {
  try {
    const path = decodeURIComponent(pathname);
    return path.includes('\0') ? undefined : path;
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
