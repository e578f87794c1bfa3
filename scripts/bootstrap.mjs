// Runs a command of the project on a fresh clone: installs and builds what is missing, then starts it.
// Plain Node without dependencies, because it runs before there are any. What it says of its own goes to
// standard error: standard output belongs to the command.
import { spawn, spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { summarizeVisits } from './flake-summary.mjs';

const root = resolve(import.meta.dirname, '..');
const inRoot = (...parts) => join(root, ...parts);
const MACHINE_BROWSERS = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'chrome',
];

const BROWSER_PROJECTS = ['browser', 'browser-alone'];

const COMMANDS = { start: cli, inspect: cli, test, check, bench, flake, docs };

const [name = '', ...args] = process.argv.slice(2);
process.chdir(root);
if (!Object.hasOwn(COMMANDS, name)) {
  say(`usage: bootstrap.mjs ${Object.keys(COMMANDS).join('|')}`);
  process.exit(2);
}
await installPackages();
const status = await COMMANDS[name](args);
if (status !== undefined) process.exitCode = status;

/** `start` and `inspect`: the command line itself, in this process. */
async function cli(args) {
  // Where none can be had the command line says so itself.
  if (!args.some((each) => each.startsWith('--chrome'))) installBrowser();
  await build();
  await import(inRoot('dist/cli/main.js'));
}

async function check() {
  const results = await runChecks();
  return conclude(results);
}

/** Everything: the checks, then the browser tests on the built extension. */
async function test(filters) {
  const results = await runChecks();
  requireBrowser();
  if (await build().catch(complain)) results.push(await vitest(BROWSER_PROJECTS, filters));
  else results.push({ passed: 0, failed: 1 });
  return conclude(results);
}

async function runChecks() {
  const [biome, types, unit] = await Promise.all([
    run(bin('@biomejs/biome'), ['check', '.']),
    run(bin('typescript', 'tsc'), ['-b']),
    vitest(['unit'], []),
  ]);
  if (biome !== 0) say('format and lint: mend with `npm run format`');
  if (types !== 0) say('types: see them again with `npx tsc -b`');
  if (unit.failed > 0) {
    say('unit tests: run them with `npx vitest --project unit`');
    say('goldens that rightly changed: `npm run bless`; printed documents: `npm run docs`');
  }
  return [
    { passed: 0, failed: Number(biome !== 0) },
    { passed: 0, failed: Number(types !== 0) },
    unit,
  ];
}

/** The figures, one JSON line each on standard output. */
async function bench(filters) {
  requireBrowser();
  await build();
  const file = inRoot('.cache/figures.jsonl');
  rmSync(file, { force: true });
  const { failed } = await vitest(['bench'], filters, { LIFELINE_FIGURES: file }, [0, 2, 2]);
  if (existsSync(file)) process.stdout.write(readFileSync(file, 'utf8'));
  return failed > 0 ? 1 : 0;
}

/** The bug zoo N times over: all of it, or the pages whose path matches a regular expression. */
async function flake([times = '10', filter]) {
  requireBrowser();
  await build();
  const file = inRoot('.cache/visits.jsonl');
  rmSync(file, { force: true });
  const env = { LIFELINE_ROUNDS: times, LIFELINE_VISITS: file, LIFELINE_PAGES: filter ?? '' };
  const result = await vitest(['browser-alone'], ['test/browser/zoo.test.ts'], env);
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
  for (const line of summarizeVisits(lines.map((each) => JSON.parse(each)))) say(line);
  return conclude([result]);
}

/** Prints the documents that come from the code. */
async function docs() {
  const { failed } = await vitest(['unit'], ['docs', '-u']);
  return failed > 0 ? 1 : 0;
}

/** The last line of a run; a run without a single result has failed. */
function conclude(results) {
  const passed = results.reduce((sum, each) => sum + each.passed, 0);
  const failed = results.reduce((sum, each) => sum + each.failed, 0);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

/** Runs projects of `vitest.config.ts` and counts what Vitest reports; a file that did not load, or an error outside of tests, is a failure. */
async function vitest(projects, args, env = {}, stdio = [0, 1, 2]) {
  const file = inRoot(`.cache/vitest-${projects[0]}.json`);
  rmSync(file, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const code = await run(
    bin('vitest'),
    ['run', ...projects.map((each) => `--project=${each}`), ...reporters, ...args],
    env,
    stdio,
  );
  if (!existsSync(file)) return { passed: 0, failed: 1 };
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const broken = report.testResults.filter(
    (each) =>
      each.status === 'failed' && each.assertionResults.every((one) => one.status !== 'failed'),
  );
  const failed = report.numFailedTests + broken.length;
  return { passed: report.numPassedTests, failed: failed === 0 && code !== 0 ? 1 : failed };
}

/** `npm ci` unless node_modules holds exactly what the lock file says. */
async function installPackages() {
  if (packagesMatch()) return;
  say('installing packages …');
  if (await npm('ci')) return;
  say('`npm ci` failed, trying `npm install` …');
  if (await npm('install', '--no-save')) return;
  say('the packages could not be installed');
  process.exit(2);
}

async function npm(...args) {
  const script = process.env.npm_execpath;
  const [program, before] = script === undefined ? ['npm', []] : [process.execPath, [script]];
  // Under `npm run --silent` it would not even say what is wrong.
  const env = { npm_config_loglevel: 'warn' };
  return (await run(program, [...before, ...args], env, [0, 2, 2])) === 0;
}

function packagesMatch() {
  const installed = inRoot('node_modules/.package-lock.json');
  if (!existsSync(installed)) return false;
  const have = JSON.parse(readFileSync(installed, 'utf8')).packages;
  const want = JSON.parse(readFileSync(inRoot('package-lock.json'), 'utf8')).packages;
  return Object.entries(want).every(
    ([path, { version, optional }]) =>
      path === '' ||
      (have[path] === undefined ? optional === true : have[path].version === version),
  );
}

function requireBrowser() {
  if (installBrowser()) return;
  say(
    'no browser found: install Chromium (Debian: `sudo apt-get install chromium`) or set $CHROME',
  );
}

/** Where there is no browser and one may be had from Debian, installs it. True when there is one. */
function installBrowser() {
  if (process.env.CHROME || MACHINE_BROWSERS.some(onPath)) return true;
  if (process.platform === 'darwin' && existsSync('/Applications/Chromium.app')) return true;
  if (process.getuid?.() !== 0 || !onPath('apt-get')) return false;
  say('installing chromium …');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const stdio = [0, 2, 2];
  spawnSync('apt-get', ['update', '-q'], { stdio, env });
  const { status } = spawnSync('apt-get', ['install', '-yq', 'chromium'], { stdio, env });
  return status === 0;
}

/** Builds when a source is younger than what was built from it. One build at a time. */
async function build() {
  const release = await lock(inRoot('.cache/build.lock'));
  try {
    if (isBuilt()) return true;
    say('building …');
    const status = await run(bin('vite'), ['build', '--logLevel', 'warn'], {}, [0, 2, 2]);
    if (status !== 0) throw new Error('the build failed: see it again with `npm run build`');
    return true;
  } finally {
    release();
  }
}

function isBuilt() {
  const last = inRoot('dist/chromium/manifest.json');
  if (!existsSync(last)) return false;
  const sources = readdirSync(inRoot('src'), { recursive: true }).map((each) => join('src', each));
  const builtAt = statSync(last).mtimeMs;
  return [...sources, 'manifest.json', 'vite.config.ts', 'package-lock.json'].every(
    (each) => statSync(inRoot(each)).mtimeMs < builtAt,
  );
}

/** A folder that only one process can make; one left behind by a crash is taken over after a minute. */
async function lock(folder) {
  mkdirSync(resolve(folder, '..'), { recursive: true });
  for (;;) {
    try {
      mkdirSync(folder);
      return () => rmdirSync(folder);
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const since = existsSync(folder) ? Date.now() - statSync(folder).mtimeMs : 0;
      if (since > 60_000) rmSync(folder, { recursive: true, force: true });
      await sleep(100);
    }
  }
}

/** The program of an installed package, as a path to a script. */
function bin(packageName, program = packageName.split('/').at(-1)) {
  const { bin: programs } = JSON.parse(
    readFileSync(inRoot('node_modules', packageName, 'package.json'), 'utf8'),
  );
  return inRoot(
    'node_modules',
    packageName,
    typeof programs === 'string' ? programs : programs[program],
  );
}

/** Runs a program (a script by this Node) and passes signals on to it. Resolves with its status. */
function run(program, args, env = {}, stdio = [0, 1, 2]) {
  const isScript = program.startsWith(root);
  const child = spawn(isScript ? process.execPath : program, isScript ? [program, ...args] : args, {
    stdio,
    env: { ...process.env, ...env },
  });
  const pass = (signal) => child.kill(signal);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, pass);
  return new Promise((done, failed) => {
    child.once('error', failed);
    child.once('exit', (code, signal) => {
      for (const each of signals) process.off(each, pass);
      if (signal) process.exit(1);
      done(code);
    });
  });
}

function onPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false; // Not in this folder.
    }
  });
}

function complain(error) {
  say(error.message);
  return false;
}

function say(text) {
  process.stderr.write(`${text}\n`);
}
