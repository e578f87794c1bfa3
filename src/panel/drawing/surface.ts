import { type Palette, readPalette } from './palette.ts';
import type { Pen } from './pen.ts';

/** A canvas that fills the width of its root, in the colours of the theme. */
export class Surface {
  readonly #root: HTMLElement;
  readonly #canvas: HTMLCanvasElement;
  #palette: Palette | undefined;
  #theme = '';

  constructor(root: HTMLElement, canvas: HTMLCanvasElement) {
    this.#root = root;
    this.#canvas = canvas;
  }

  /** Draws on so many CSS pixels, and in these; undefined where nothing can be drawn. */
  pen(widthPx: number, heightPx: number): Pen | undefined {
    const canvas = this.#canvas;
    const width = Math.round(widthPx * devicePixelRatio);
    const height = Math.round(heightPx * devicePixelRatio);
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
      canvas.style.width = `${widthPx}px`;
      canvas.style.height = `${heightPx}px`;
    }
    const pen = canvas.getContext('2d', { alpha: false });
    const ratio = width / widthPx;
    pen?.setTransform(ratio, 0, 0, ratio, 0, 0);
    return pen ?? undefined;
  }

  palette(theme: string): Palette {
    if (this.#palette === undefined || this.#theme !== theme) {
      this.#palette = readPalette(this.#root);
      this.#theme = theme;
    }
    return this.#palette;
  }
}
