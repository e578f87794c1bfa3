import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundledCode } from './bundle.ts';

const PROGRAMS = ['firefox-esr', 'firefox'];
const HEADERS = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
} as const;
/** A new profile asks for much that lies elsewhere: all but loopback goes to a proxy that is not there. */
const PREFERENCES = {
  'network.proxy.type': 1,
  'network.proxy.http': '127.0.0.1',
  'network.proxy.http_port': 9,
  'network.proxy.ssl': '127.0.0.1',
  'network.proxy.ssl_port': 9,
  'network.proxy.no_proxies_on': '127.0.0.1',
  'network.dns.disablePrefetch': true,
  'app.update.enabled': false,
  'app.normandy.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.enabled': false,
  'dom.max_script_run_time': 0,
} as const;

/**
 * What `call` makes of `module`, one of our sources with all that it imports, in an isolated page of Firefox; undefined
 * where none is installed. The result goes through JSON.
 */
export async function inFirefox<T>(path: string, call: string): Promise<T | undefined> {
  const program = PROGRAMS.find(isInstalled);
  if (program === undefined) return undefined;
  const code = await bundledCode(path);
  const page = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module">
    const say = (what) => fetch('/said', { method: 'POST', body: JSON.stringify(what) });
    import('/module.js')
      .then(async (module) => say({ result: await (${call}) }))
      .catch((error) => say({ error: String(error) + error.stack }));
  </script>`;
  let heard: (said: string) => void = () => undefined;
  const said = new Promise<string>((resolve) => (heard = resolve));
  const server = createServer(async (request, response) => {
    const isScript = request.url === '/module.js';
    const type = isScript ? 'text/javascript' : 'text/html';
    response.writeHead(200, { ...HEADERS, 'content-type': type });
    if (request.url !== '/said') {
      response.end(isScript ? code : page);
      return;
    }
    let body = '';
    for await (const part of request) body += part;
    response.end();
    heard(body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const profile = mkdtempSync(join(tmpdir(), 'lifeline-firefox-'));
  const lines = Object.entries(PREFERENCES).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
  );
  writeFileSync(join(profile, 'user.js'), lines.join('\n'));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/`;
  const firefox = spawn(program, ['--headless', '--no-remote', '--profile', profile, url], {
    stdio: 'ignore',
  });
  try {
    const { result, error } = JSON.parse(await said) as { result: T; error?: string };
    if (error !== undefined) throw new Error(error);
    return result;
  } finally {
    firefox.kill();
    await new Promise((ended) => firefox.once('exit', ended));
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

function isInstalled(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
