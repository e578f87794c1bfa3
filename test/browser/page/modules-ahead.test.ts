import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formsAhead } from '../../../src/shared/limits.ts';
import { DEFAULT_SETTINGS } from '../../../src/shared/settings.ts';
import { ALLOCATOR } from '../../support/wasm-allocator.ts';
import { assemble } from '../../support/wasm-assembler.ts';
import { launchPageBrowser, type PageBrowser } from './observed-page.ts';

const BYTES = Array.from(assemble(ALLOCATOR));

/** All say which function of the module `malloc` is there: a higher one where the instrumented form runs. */
const FILES = {
  '/namer.js': `
    const nameIn = (module) => new WebAssembly.Instance(module).exports.malloc.name;
    registerProcessor('namer', class extends AudioWorkletProcessor {
      constructor({ processorOptions: { module } }) {
        super();
        const say = (module) => this.port.postMessage(nameIn(module));
        if (module) say(module);
        this.port.onmessage = ({ data }) => say(data);
      }
      process() {
        return true;
      }
    });`,
  '/worker.js': `
    onmessage = ({ data }) =>
      postMessage(new WebAssembly.Instance(data).exports.malloc.name);`,
};

interface Way {
  readonly by: 'options' | 'message' | 'worker';
  /** The other thread is there before the module. */
  readonly isThere: boolean;
  /** So many modules are compiled before this one is handed over. */
  readonly others?: number;
}

let observed: PageBrowser;
beforeAll(async () => {
  observed = await launchPageBrowser({ files: FILES });
  await observed.configure({ ...DEFAULT_SETTINGS, memory: 'full' });
});
afterAll(() => observed?.close());

/** What the other thread calls `malloc`, and how often it has compiled a form. */
async function handOver(way: Way): Promise<{ readonly name: string; readonly again: number }> {
  const { page, recorded, close } = await observed.open('/?isolated');
  const name = await page.evaluate(
    async ([numbers, { by, isThere, others = 0 }]) => {
      const compile = async () => {
        const module = await WebAssembly.compile(new Uint8Array(numbers));
        for (let i = 0; i < others; i++) await WebAssembly.compile(new Uint8Array(numbers));
        return module;
      };
      const early = isThere ? undefined : await compile();
      if (by === 'worker') {
        const worker = new Worker('/worker.js');
        const module = early ?? (await compile());
        return new Promise<string>((resolve) => {
          worker.onmessage = ({ data }) => resolve(data);
          worker.postMessage(module);
        });
      }
      const context = new AudioContext();
      await context.audioWorklet.addModule('/namer.js');
      const module = early ?? (await compile());
      const processorOptions = by === 'options' ? { module } : {};
      const node = new AudioWorkletNode(context, 'namer', { processorOptions });
      return new Promise<string>((resolve) => {
        node.port.onmessage = ({ data }) => resolve(data);
        if (by === 'message') node.port.postMessage(module);
      });
    },
    [BYTES, way] as const,
  );
  const { of } = await recorded();
  await close();
  return { name, again: of('formCompiled').length };
}

describe.each(['options', 'message', 'worker'] as const)('a module that goes by %s', (by) => {
  test.each([true, false])(
    'is not compiled anew where it arrives (there before: %s)',
    async (isThere) => {
      const { name, again } = await handOver({ by, isThere });
      expect(Number(name)).toBeGreaterThan(0);
      expect(again).toBe(0);
    },
  );

  test('is, when too many have been sent ahead since', async () => {
    const { name, again } = await handOver({ by, isThere: true, others: formsAhead });
    expect(Number(name)).toBeGreaterThan(0);
    expect(again).toBe(1);
  });
});
