import { resolve } from 'node:path';
import { reportTable } from '../export/report.ts';
import { parseInspectArguments, USAGE } from './arguments.ts';
import { Failure } from './failure.ts';
import { inspect, writeInspection } from './inspect.ts';
import { start } from './start.ts';

/** What a run of `inspect` may take beside its seconds and those of `--run`: it ends within 30 s of them. */
const GRACE_MS = 26_000;

const FOUND_NOTHING = 0;
const FOUND_SOMETHING = 1;
const COULD_NOT = 2;

/** This file is `dist/cli/main.js` when it runs. */
const project = resolve(import.meta.dirname, '../..');
const extension = resolve(project, 'dist/chromium');

async function main([command, ...args]: readonly string[]): Promise<number> {
  switch (command) {
    case 'inspect':
      return runInspect(args);
    case 'start':
      await start({
        extension,
        pages: resolve(project, 'test/pages'),
        packages: resolve(project, 'node_modules'),
        out: resolve(project, 'out'),
      });
      return FOUND_NOTHING;
    default:
      throw new Failure(`no such command: ${command}`);
  }
}

async function runInspect(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    await print(USAGE);
    return FOUND_NOTHING;
  }
  const parsed = parseInspectArguments(args);
  if (!parsed.ok) throw new Failure(parsed.error);
  const options = parsed.value;
  const limitMs = (options.seconds + options.runSeconds) * 1000 + GRACE_MS;
  setTimeout(() => fail('time out: the browser did not finish in time'), limitMs).unref();

  const inspection = await inspect(options, extension);
  const { report, runFailure } = inspection;
  if (options.out !== undefined) writeInspection(inspection, options.out);
  await print(options.json ? JSON.stringify(report) : reportTable(report));
  if (runFailure !== undefined) throw new Failure(runFailure);
  const serious = report.findings.some((finding) => finding.severity !== 'info');
  return serious ? FOUND_SOMETHING : FOUND_NOTHING;
}

/** Resolves when the text is out, so that ending the process cuts nothing off. */
function print(text: string): Promise<void> {
  return new Promise((done, failed) => {
    process.stdout.write(`${text}\n`, (error) => (error ? failed(error) : done()));
  });
}

/** Ends the process, and with it the browser. */
function fail(reason: string): never {
  process.stderr.write(`${reason}\n`);
  process.exit(COULD_NOT);
}

const command = process.argv.slice(2);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    // Ctrl-C is how people leave the demo.
    if (signal === 'SIGINT' && command[0] === 'start') process.exit(FOUND_NOTHING);
    fail(`ended by ${signal}`);
  });
}
main(command).then(
  (status) => process.exit(status),
  (error: unknown) => {
    if (error instanceof Failure) fail(error.message);
    fail(`unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  },
);
