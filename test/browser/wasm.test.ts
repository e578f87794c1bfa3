import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type InstrumentOptions, instrument } from '../../src/wasm/instrument.ts';
import { List } from '../../src/wasm/list.ts';
import { launchBrowser, type TestBrowser } from '../support/browser.ts';
import { bundle } from '../support/bundle.ts';
import { assemble } from '../support/wasm-assembler.ts';
import { FROM } from '../support/wasm-differential.ts';

let browser: TestBrowser;
let url: URL;

beforeAll(async () => {
  browser = await launchBrowser({ extension: false });
  url = await bundle('test/support/wasm-trials.ts');
});

afterAll(() => browser.close());

const validates = (bytes: Uint8Array): Promise<boolean> =>
  browser.page.evaluate(
    (numbers) => WebAssembly.validate(new Uint8Array(numbers)),
    Array.from(bytes),
  );

/** What the engine of the unit tests does not know, or only behind flags. */
const PROPOSALS = {
  'several memories': `
    import func env.f :
    memory 1
    memory 1
    func :
      i32.const 0
      i32.const 0
      i32.load memory=1 offset=8
      i32.store
      i32.const 0
      i32.const 0
      i32.const 8
      memory.copy 0 1
      call 0
    end`,
  'addresses of 64 bits': `
    import func env.f :
    memory 1 i64
    func :
      i64.const 0
      i32.load offset=4294967295
      drop
      call 0
    end`,
  'exceptions as values': `
    import func env.f :
    tag i:
    func :
      block
        try_table 0
          i32.const 1
          throw 0
        end
      end
      call 0
    end`,
  'tail calls': `
    import func env.f :
    func :
      return_call 0
    end`,
  'relaxed SIMD': `
    import func env.f :
    func vvv:v
      call 0
      local.get 0
      local.get 1
      local.get 2
      f32x4.relaxed_madd
    end`,
} as const;

describe('what only browsers know', () => {
  test.each(Object.entries(PROPOSALS))(
    '%s: a module whose functions move is still valid',
    async (_, text) => {
      const bytes = assemble(text);
      expect(await validates(bytes)).toBe(true);
      const options: InstrumentOptions = { from: FROM, heap: List.of([]) };
      const moved = instrument(bytes, options);
      if (!moved.ok) throw new Error(moved.error.reason);
      expect(moved.value.shift).toBeGreaterThan(0);
      expect(await validates(moved.value.bytes)).toBe(true);
    },
  );
});

test('random modules do what they did, with their shadow in a second memory', async () => {
  const call = `import(${JSON.stringify(url.href)}).then((module) => module.trials(0, 120))`;
  expect(await browser.page.evaluate<string[]>(call)).toEqual([]);
});
