import { afterAll, beforeAll, test } from 'vitest';
import { DEFAULT_SETTINGS, MEMORY_LEVELS } from '../../../src/shared/settings.ts';
import { launchPageBrowser, type PageBrowser } from '../../browser/page/observed-page.ts';
import { printFigure } from '../../support/figure.ts';
import { median } from '../../support/neighbours.ts';
import { moduleOf } from '../../support/wasm-of-size.ts';

const ROUNDS = Number(process.env['LIFELINE_ROUNDS'] ?? 9);
const SIZES = { '14 KB': 14_000, '1.5 MB': 1_500_000 } as const;

/** One processor plays on and sees how long it is kept waiting; the other compiles. */
const FILES = {
  ...Object.fromEntries(
    Object.entries(SIZES).map(([name, bytes]) => [
      `/${name.replace(' ', '')}`,
      Buffer.from(moduleOf(bytes)).toString('base64'),
    ]),
  ),
  '/compiler.js': `
    const now = () => Number(Temporal.Now.instant().epochNanoseconds) / 1e6;
    const WAYS = {
      'at once': (bytes) => new WebAssembly.Instance(new WebAssembly.Module(bytes)),
      'by and by': (bytes) => WebAssembly.instantiate(bytes),
    };
    registerProcessor('compiler', class extends AudioWorkletProcessor {
      constructor() {
        super();
        this.port.onmessage = async ({ data: { way, bytes } }) => {
          const from = now();
          this.last = from;
          this.longest = 0;
          await WAYS[way](bytes);
          const took = now() - from;
          this.port.postMessage({ took, longest: Math.max(this.longest, now() - this.last) });
          this.last = undefined;
        };
      }
      process() {
        if (this.last) {
          const at = now();
          this.longest = Math.max(this.longest, at - this.last);
          this.last = at;
        }
        return true;
      }
    });`,
};

interface Compiled {
  /** Milliseconds until there was an instance. */
  readonly took: number;
  /** Milliseconds between two calls of a processor meanwhile. */
  readonly longest: number;
}

async function compile(
  browser: PageBrowser,
  path: string,
  way: 'at once' | 'by and by',
): Promise<readonly Compiled[]> {
  const { page, close } = await browser.open('/?isolated');
  const compiled = await page.evaluate(
    async ([path, way, rounds]) => {
      const context = new AudioContext();
      await context.audioWorklet.addModule('/compiler.js');
      const node = new AudioWorkletNode(context, 'compiler');
      node.connect(context.destination);
      const text = atob(await (await fetch(path)).text());
      const compiled: Compiled[] = [];
      for (let round = 0; round < rounds; round++) {
        // A custom section makes it another module, of which the engine has no code yet.
        const numbers = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
        const bytes = new Uint8Array([...numbers, 0, 3, 1, 0x61, round]);
        const answer = new Promise<Compiled>((resolve) => {
          node.port.onmessage = ({ data }) => resolve(data);
        });
        node.port.postMessage({ way, bytes });
        compiled.push(await answer);
      }
      await context.close();
      return compiled;
    },
    [path, way, ROUNDS] as const,
  );
  await close();
  return compiled;
}

let bare: PageBrowser;
let observed: PageBrowser;
beforeAll(async () => {
  bare = await launchPageBrowser({ files: FILES, extension: false });
  observed = await launchPageBrowser({ files: FILES });
});
afterAll(async () => {
  await bare?.close();
  await observed?.close();
});

test.each(
  Object.keys(SIZES).flatMap((size) =>
    (['at once', 'by and by'] as const).map((way) => ({ size, way })),
  ),
)(
  'a module of $size that a scope compiles $way',
  async ({ size, way }) => {
    const path = `/${size.replace(' ', '')}`;
    const plain = await compile(bare, path, way);
    const print = (
      what: keyof Compiled,
      words: string,
      level: string,
      seen: readonly Compiled[],
    ) => {
      const of = (each: readonly Compiled[]) => median(each.map((one) => one[what]));
      printFigure({
        figure: `${size}, compiled ${way} in a scope, ${level}: ${words}`,
        value: of(seen),
        baseline: of(plain),
        unit: 'ms',
      });
    };
    for (const memory of MEMORY_LEVELS) {
      await observed.configure({ ...DEFAULT_SETTINGS, memory });
      const seen = await compile(observed, path, way);
      print('took', 'until there is an instance', memory, seen);
      print('longest', 'longest pause of rendering', memory, seen);
    }
  },
  600_000,
);
