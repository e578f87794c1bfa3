import type { Pen } from '../../src/panel/drawing/pen.ts';

export interface Drawn {
  readonly op: 'rect' | 'text' | 'path';
  readonly style: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly text: string;
}

/** A pen that keeps what was drawn instead of drawing it. Six pixels a letter. */
export class DrawLog {
  readonly drawn: Drawn[] = [];
  readonly pen: Pen;

  constructor() {
    const { drawn } = this;
    let box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
    const grow = (x: number, y: number): void => {
      box = {
        left: Math.min(box.left, x),
        top: Math.min(box.top, y),
        right: Math.max(box.right, x),
        bottom: Math.max(box.bottom, y),
      };
    };
    const path = (style: Pen['fillStyle']): void => {
      const { left, top, right, bottom } = box;
      const size = { x: left, y: top, width: right - left, height: bottom - top };
      drawn.push({ op: 'path', style: String(style), ...size, text: '' });
    };
    const pen: Pen = {
      fillStyle: '',
      strokeStyle: '',
      lineWidth: 1,
      font: '',
      globalAlpha: 1,
      textBaseline: 'alphabetic',
      textAlign: 'left',
      beginPath: () => {
        box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
      },
      moveTo: grow,
      lineTo: grow,
      arc: (x, y, radius) => {
        grow(x - radius, y - radius);
        grow(x + radius, y + radius);
      },
      rect: (x, y, width, height) => {
        grow(x, y);
        grow(x + width, y + height);
      },
      roundRect: (x, y, width, height) => {
        grow(x, y);
        grow(x + (width ?? 0), y + (height ?? 0));
      },
      fill: () => path(pen.fillStyle),
      stroke: () => path(pen.strokeStyle),
      fillRect: (x, y, width, height) => {
        drawn.push({ op: 'rect', style: String(pen.fillStyle), x, y, width, height, text: '' });
      },
      fillText: (text, x, y) => {
        const { width } = pen.measureText(text);
        const left = pen.textAlign === 'center' ? x - width / 2 : x;
        drawn.push({
          op: 'text',
          style: String(pen.fillStyle),
          x: left,
          y,
          width,
          height: 0,
          text,
        });
      },
      measureText: (text) => ({ width: [...text].length * 6 }) as TextMetrics,
      clip: () => undefined,
      closePath: () => undefined,
      save: () => undefined,
      restore: () => undefined,
      setLineDash: () => undefined,
    };
    this.pen = pen;
  }

  /** Everything of one colour, in order. */
  of(style: string): readonly Drawn[] {
    return this.drawn.filter((each) => each.style === style);
  }

  get texts(): readonly string[] {
    return this.drawn.filter(({ op }) => op === 'text').map(({ text }) => text);
  }
}
