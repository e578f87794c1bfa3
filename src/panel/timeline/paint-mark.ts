import type { Palette } from '../drawing/palette.ts';
import { fill, type Pen } from '../drawing/pen.ts';
import type { MarkKind } from '../worker/protocol.ts';
import type { SceneRow } from './layout.ts';

/** One point event of a lifeline. The legend of the help shows the same symbols. */
export function paintMark(
  pen: Pen,
  kind: MarkKind,
  x: number,
  row: SceneRow,
  middle: number,
  palette: Palette,
): void {
  const top = row.y + 3;
  const bottom = row.y + row.visible.heightPx - 3;
  const left = Math.round(x);
  switch (kind) {
    case 'created':
      fill(pen, palette.text, left - 1, middle - 7, 2, 14);
      return;
    case 'connected':
      fill(pen, palette.life, left, middle - 7, 1, 14);
      disc(pen, palette.life, left + 0.5, middle - 7, 2);
      return;
    case 'disconnected':
      fill(pen, palette.life, left, middle - 7, 1, 14);
      ring(pen, palette.life, palette.background, left + 0.5, middle + 7, 2);
      return;
    case 'message-in':
      fill(pen, palette.messageIn, left, top - 1, 1, 5);
      return;
    case 'message-out':
      fill(pen, palette.messageOut, left, bottom - 4, 1, 5);
      return;
    case 'port-closed':
      cross(pen, palette.text, left, middle, 3);
      return;
    case 'farewell':
      diamond(pen, palette.text, palette.background, left, middle, 5);
      return;
    case 'failed':
    case 'refused':
      cross(pen, palette.error, left, middle, 4);
      return;
    case 'collected':
      ring(pen, palette.text, palette.background, left, middle, 4);
      return;
    case 'started':
      triangle(pen, palette.text, left, middle, 5);
      return;
    case 'ended':
      fill(pen, palette.text, left - 3, middle - 3, 6, 6);
      return;
    case 'atomic':
      fill(pen, palette.atomic, left - 1, middle + 3, 2, 5);
      return;
    case 'stressed':
      fill(pen, palette.stress, left - 1, top - 2, 3, bottom - top + 4);
      return;
    case 'context-call':
    case 'page-event':
      fill(pen, palette.text, left, middle - 6, 1, 12);
      return;
  }
}

export function disc(pen: Pen, style: string, x: number, y: number, radius: number): void {
  pen.fillStyle = style;
  pen.beginPath();
  pen.arc(x, y, radius, 0, Math.PI * 2);
  pen.fill();
}

function ring(pen: Pen, style: string, ground: string, x: number, y: number, radius: number): void {
  disc(pen, ground, x, y, radius);
  pen.strokeStyle = style;
  pen.lineWidth = 1.5;
  pen.beginPath();
  pen.arc(x, y, radius, 0, Math.PI * 2);
  pen.stroke();
}

function cross(pen: Pen, style: string, x: number, y: number, size: number): void {
  pen.strokeStyle = style;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.moveTo(x - size, y - size);
  pen.lineTo(x + size, y + size);
  pen.moveTo(x + size, y - size);
  pen.lineTo(x - size, y + size);
  pen.stroke();
}

/** Points on in time. */
function triangle(pen: Pen, style: string, x: number, y: number, size: number): void {
  pen.fillStyle = style;
  pen.beginPath();
  pen.moveTo(x, y - size);
  pen.lineTo(x + size + 1, y);
  pen.lineTo(x, y + size);
  pen.closePath();
  pen.fill();
}

function diamond(
  pen: Pen,
  style: string,
  ground: string,
  x: number,
  y: number,
  size: number,
): void {
  pen.fillStyle = style;
  pen.strokeStyle = ground;
  pen.lineWidth = 1.5;
  pen.beginPath();
  pen.moveTo(x, y - size);
  pen.lineTo(x + size, y);
  pen.lineTo(x, y + size);
  pen.lineTo(x - size, y);
  pen.closePath();
  pen.fill();
  pen.stroke();
}
