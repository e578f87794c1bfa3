// Builds the programs of the zoo, `test/pages/programs`, from C, and writes down of which sources they were made. It needs
// Debian's clang, lld and wasi-libc; what it makes is committed, so that nobody else does.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const FOLDER = resolve(import.meta.dirname, '../test/pages/programs');
const LIBC = '/usr/lib/wasm32-wasi/libc.a';
/** Of wasi-libc: the allocator, and what it needs. */
const LIBC_MEMBERS = ['dlmalloc.o', 'sbrk.o', 'errno.o'];

const COMPILER = [
  '--target=wasm32-wasi',
  '-std=c11',
  '-Wall',
  '-Werror',
  '-matomics',
  '-mbulk-memory',
  '-nostdlib',
];
const LINKER = [
  '--no-entry',
  '--import-memory',
  '--shared-memory',
  '--initial-memory=131072',
  '--max-memory=16777216',
  '--export-table',
  '--export=__wasm_call_ctors',
  '--strip-all',
  // wasi-libc was built for one thread.
  '--no-check-features',
];
/** How the two forms of a program are built. */
const FORMS = { '': ['-O2'], '.min': ['-Os', '-DMINIFIED'] };
const HEAPS = { 'own-heap': ['own-heap.c'], dlmalloc: ['locked-libc.c'] };
/** Programs, each with its heap. */
const BUILDS = [
  ['voices', 'own-heap'],
  ['voices', 'dlmalloc'],
  ['mailbox', 'dlmalloc'],
  ['fetches', 'dlmalloc'],
];

const hashOf = (file) =>
  createHash('sha256')
    .update(readFileSync(join(FOLDER, file)))
    .digest('hex');

const objects = mkdtempSync(join(tmpdir(), 'programs-'));
execFileSync('llvm-ar-14', ['x', LIBC, ...LIBC_MEMBERS], { cwd: objects });
const binaries = {};
for (const [program, heap] of BUILDS) {
  const libc = heap === 'dlmalloc' ? LIBC_MEMBERS.map((each) => join(objects, each)) : [];
  for (const [form, flags] of Object.entries(FORMS)) {
    const file = `${program}.${heap}${form}.wasm`;
    const inputs = [`${program}.c`, ...HEAPS[heap]];
    const linker = LINKER.map((each) => `-Wl,${each}`);
    const tail = libc.length > 0 ? [...libc, '-L/usr/lib/wasm32-wasi', '-lc'] : [];
    execFileSync('clang', [...COMPILER, ...flags, ...linker, ...inputs, ...tail, '-o', file], {
      cwd: FOLDER,
      stdio: 'inherit',
    });
    binaries[file] = hashOf(file);
  }
}
rmSync(objects, { recursive: true });

const sources = readdirSync(FOLDER)
  .filter((file) => /\.[ch]$/.test(file))
  .sort();
const [compiler] = execFileSync('clang', ['--version'], { encoding: 'utf8' }).split('\n');
const manifest = {
  compiler,
  sources: Object.fromEntries(sources.map((file) => [file, hashOf(file)])),
  binaries,
};
writeFileSync(join(FOLDER, 'manifest.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
