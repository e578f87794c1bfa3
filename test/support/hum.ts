import type { Page } from 'playwright-core';

/** A page with the least audio there can be, played on by hand. Runs in the page. */
export interface Hum {
  /** Makes a node and plays it until it is destroyed. */
  start(name: string): Promise<void>;
  /** Declares the latest node destroyed, and goes on calling its processor. When it was, by the wall clock. */
  destroy(): number;
}

declare global {
  var hum: Hum;
}

/** Goes to a page of `origin` that has no audio of its own and gives it `globalThis.hum`. */
export async function openHum(page: Page, origin: string): Promise<void> {
  await page.goto(`${origin}/index.html?isolated`);
  await page.evaluate(() => {
    let context: AudioContext | undefined;
    let node: AudioWorkletNode | undefined;
    const known = new Set<string>();
    globalThis.hum = {
      async start(name) {
        context ??= new AudioContext();
        if (!known.has(name)) {
          known.add(name);
          const source = `registerProcessor(${JSON.stringify(name)}, class extends AudioWorkletProcessor { process() { return true; } })`;
          const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
          await context.audioWorklet.addModule(url);
        }
        node = new AudioWorkletNode(context, name);
        node.connect(context.destination);
        await context.resume();
      },
      destroy() {
        const { __lifeline__: lifeline } = globalThis as {
          readonly __lifeline__?: { destroy(node: AudioNode): void };
        };
        if (node === undefined || lifeline === undefined) throw new Error('nothing to destroy');
        lifeline.destroy(node);
        return Date.now();
      },
    };
  });
}
