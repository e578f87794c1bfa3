import type { Severity } from '../../analysis/finding.ts';
import type { Palette } from '../drawing/palette.ts';
import { fill, type Pen, within } from '../drawing/pen.ts';
import { formatExactTime } from '../worker/format.ts';
import type { Verdict } from '../worker/protocol.ts';
import { fitText } from './fit-text.ts';
import {
  type Bar,
  LEVELS,
  RULER_PX,
  type Scene,
  type SceneArrow,
  type SceneRow,
} from './layout.ts';
import { disc, paintMark } from './paint-mark.ts';

const BAR_PX = 12;
const INDENT_PX = 14;
const TWISTY_PX = 12;
const PAD_PX = 8;

/** Geometry to canvas. Draws every pixel of the scene, so nothing need be cleared before. */
export function paintTimeline(pen: Pen, scene: Scene, palette: Palette): void {
  pen.globalAlpha = 1;
  fill(pen, palette.background, 0, 0, scene.widthPx, scene.heightPx);
  fill(pen, palette.gutter, 0, RULER_PX, scene.labelPx, scene.heightPx - RULER_PX);
  within(pen, 0, RULER_PX, scene.widthPx, scene.heightPx - RULER_PX, () => {
    for (const row of scene.rows) paintGround(pen, scene, row, palette);
    paintGrid(pen, scene, palette);
    within(
      pen,
      scene.labelPx,
      RULER_PX,
      scene.widthPx - scene.labelPx,
      scene.heightPx - RULER_PX,
      () => {
        for (const row of scene.rows) paintLifeline(pen, row, palette);
        for (const arrow of scene.arrows) paintArrow(pen, arrow, palette);
      },
    );
    within(pen, 0, RULER_PX, scene.labelPx, scene.heightPx - RULER_PX, () => {
      for (const row of scene.rows) paintLabel(pen, scene, row, palette);
    });
  });
  paintRuler(pen, scene, palette);
  paintPointers(pen, scene, palette);
  fill(pen, palette.rule, scene.labelPx - 1, 0, 1, scene.heightPx);
}

function paintGround(pen: Pen, scene: Scene, row: SceneRow, palette: Palette): void {
  const { heightPx } = row.visible;
  const style = row.selected
    ? palette.selected
    : row.hovered
      ? palette.hover
      : row.visible.row.kind === 'document'
        ? palette.heading
        : undefined;
  if (style !== undefined) fill(pen, style, 0, row.y, scene.widthPx, heightPx);
  const { kind } = row.visible.row;
  if (kind === 'document' || kind === 'context') {
    fill(pen, palette.grid, 0, row.y + heightPx - 1, scene.widthPx, 1);
  }
  if (row.selected) fill(pen, palette.accent, 0, row.y, 3, heightPx);
}

function paintGrid(pen: Pen, scene: Scene, palette: Palette): void {
  for (const { x } of scene.ticks) {
    fill(pen, palette.grid, Math.round(x), RULER_PX, 1, scene.heightPx - RULER_PX);
  }
  if (scene.originX > scene.labelPx) {
    pen.globalAlpha = 0.5;
    const width = scene.originX - scene.labelPx;
    fill(pen, palette.gutter, scene.labelPx, RULER_PX, width, scene.heightPx - RULER_PX);
    pen.globalAlpha = 1;
  }
}

function paintLifeline(pen: Pen, row: SceneRow, palette: Palette): void {
  const { heightPx } = row.visible;
  const middle = row.y + Math.floor(heightPx / 2);
  for (const band of row.bands) {
    const [style, height] = bandLook(band.state, palette);
    fill(pen, style, band.x, middle - height / 2, Math.max(1, band.width), height);
  }
  const { kind } = row.visible.row;
  if (kind === 'node' || kind === 'worker') {
    if (row.life !== undefined)
      fill(pen, palette.life, row.life.x, middle - 0.5, row.life.width, 1);
    if (row.after !== undefined) {
      const { x, width, tone } = row.after;
      const soft =
        tone === 'error' ? palette.errorSoft : tone === 'warning' ? palette.warningSoft : undefined;
      if (soft !== undefined) fill(pen, soft, x, row.y + 1, width, heightPx - 2);
      dashes(pen, palette.quiet, x, middle, width);
    }
  }
  if (row.thread !== undefined) {
    fill(pen, palette.thread, row.thread.x, middle - 3, row.thread.width, 6);
  }
  for (const wait of row.waits) paintWait(pen, wait.x, middle, wait.width, palette);
  for (const bar of row.bars) paintBar(pen, bar, middle, palette);
  for (const gap of row.gaps) paintGap(pen, gap.x, row.y + 2, gap.width, heightPx - 4, palette);
  for (const mark of row.marks) paintMark(pen, mark.kind, mark.x, row, middle, palette);
  for (const flag of row.flags)
    paintFlag(pen, flag.x, row.y, flag.severity, flag.selected, palette);
}

/** The thread stands: its band is hollow. */
function paintWait(pen: Pen, x: number, middle: number, width: number, palette: Palette): void {
  fill(pen, palette.background, x, middle - 2, Math.max(1, width), 4);
  fill(pen, palette.atomic, x, middle - 0.5, Math.max(1, width), 1);
}

const HEAD_PX = 4;

function paintArrow(pen: Pen, arrow: SceneArrow, palette: Palette): void {
  const { fromX, fromY, toX, toY, isDown, isHandled } = arrow;
  const style = isHandled ? (isDown ? palette.messageIn : palette.messageOut) : palette.error;
  pen.globalAlpha = 0.8;
  pen.strokeStyle = style;
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(fromX, fromY);
  pen.lineTo(toX, toY);
  pen.stroke();
  pen.globalAlpha = 1;
  if (!isHandled) {
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.moveTo(toX - 3, toY - 3);
    pen.lineTo(toX + 3, toY + 3);
    pen.moveTo(toX + 3, toY - 3);
    pen.lineTo(toX - 3, toY + 3);
    pen.stroke();
    return;
  }
  const angle = Math.atan2(toY - fromY, toX - fromX);
  pen.fillStyle = style;
  pen.beginPath();
  pen.moveTo(toX, toY);
  for (const side of [-0.45, 0.45]) {
    pen.lineTo(
      toX - HEAD_PX * 1.5 * Math.cos(angle + side),
      toY - HEAD_PX * 1.5 * Math.sin(angle + side),
    );
  }
  pen.closePath();
  pen.fill();
}

function bandLook(
  state: SceneRow['bands'][number]['state'],
  palette: Palette,
): readonly [string, number] {
  switch (state) {
    case 'running':
      return [palette.runningBand, 6];
    case 'suspended':
    case 'interrupted':
      return [palette.suspended, 2];
    case 'closed':
      return [palette.closed, 2];
  }
}

function paintBar(pen: Pen, bar: Bar, middle: number, palette: Palette): void {
  const height = Math.max(3, (BAR_PX * bar.level) / LEVELS);
  fill(pen, barColour(bar, palette), bar.x, middle - height / 2, bar.width, height);
  if (bar.over) fill(pen, palette.warningFill, bar.x, middle - BAR_PX / 2 - 2, bar.width, 2);
}

function barColour(bar: Bar, palette: Palette): string {
  switch (bar.tone) {
    case 'normal':
      return palette.call;
    case 'error':
    case 'threw':
      return palette.errorFill;
    case 'warning':
      return palette.warningFill;
    case 'quiet':
      return palette.callLow;
  }
}

function dashes(pen: Pen, style: string, x: number, y: number, width: number): void {
  pen.strokeStyle = style;
  pen.lineWidth = 1;
  pen.setLineDash([3, 3]);
  pen.beginPath();
  pen.moveTo(x, y);
  pen.lineTo(x + width, y);
  pen.stroke();
  pen.setLineDash([]);
}

/** Hatched: something was lost here and nobody knows what. */
function paintGap(
  pen: Pen,
  x: number,
  y: number,
  width: number,
  height: number,
  palette: Palette,
): void {
  const wide = Math.max(2, width);
  within(pen, x, y, wide, height, () => {
    fill(pen, palette.background, x, y, wide, height);
    pen.strokeStyle = palette.gap;
    pen.lineWidth = 1;
    pen.beginPath();
    for (let at = x - height; at < x + wide; at += 6) {
      pen.moveTo(at, y + height);
      pen.lineTo(at + height, y);
    }
    pen.stroke();
  });
}

function paintFlag(
  pen: Pen,
  x: number,
  y: number,
  severity: Severity,
  selected: boolean,
  palette: Palette,
): void {
  const size = selected ? 7 : 5;
  pen.fillStyle = palette[severity];
  pen.beginPath();
  pen.moveTo(x - size, y + 1);
  pen.lineTo(x + size, y + 1);
  pen.lineTo(x, y + 1 + size * 1.3);
  pen.closePath();
  pen.fill();
}

function paintLabel(pen: Pen, scene: Scene, row: SceneRow, palette: Palette): void {
  const { visible, y } = row;
  const { label, note, kind, worst, findings, ended, verdict } = visible.row;
  const middle = y + visible.heightPx / 2 + 0.5;
  let left = PAD_PX + visible.depth * INDENT_PX;
  let right = scene.labelPx - PAD_PX;
  if (visible.foldable) twisty(pen, left + 3, middle, visible.folded, palette.faint);
  if (kind !== 'node') left += TWISTY_PX;
  pen.textBaseline = 'middle';
  if (worst !== undefined)
    right = paintBadge(pen, right, middle, findings, palette[worst], palette);
  if (verdict !== undefined) right = paintVerdict(pen, right, middle, verdict, palette);
  pen.font = palette.font;
  pen.textAlign = 'left';
  const room = right - left;
  const text = fitText(pen, label, room, kind === 'document' ? 'middle' : 'end');
  pen.fillStyle = ended === undefined && kind !== 'document' ? palette.text : palette.faint;
  if (kind === 'document') pen.fillStyle = palette.text;
  pen.fillText(text, left, middle);
  const used = pen.measureText(text).width + 6;
  if (note === '' || room - used < 24) return;
  pen.font = palette.smallFont;
  pen.fillStyle = palette.faint;
  pen.fillText(fitText(pen, note, room - used), left + used, middle);
}

/** Gives the right edge of the room that is left. */
function paintBadge(
  pen: Pen,
  right: number,
  middle: number,
  count: number,
  style: string,
  palette: Palette,
): number {
  pen.font = palette.smallFont;
  const text = count > 99 ? '99+' : String(count);
  const width = Math.max(16, pen.measureText(text).width + 8);
  pen.fillStyle = style;
  pen.beginPath();
  pen.roundRect(right - width, middle - 7.5, width, 15, 7.5);
  pen.fill();
  pen.fillStyle = palette.badgeText;
  pen.textAlign = 'center';
  pen.fillText(text, right - width / 2, middle + 0.5);
  return right - width - 6;
}

const VERDICT_PX = 12;

/** A tick: in order. A bolt: a race. A question mark: not known. */
function paintVerdict(
  pen: Pen,
  right: number,
  middle: number,
  verdict: Verdict,
  palette: Palette,
): number {
  const x = right - VERDICT_PX / 2;
  switch (verdict) {
    case 'ordered':
      pen.strokeStyle = palette.ordered;
      pen.lineWidth = 1.75;
      pen.beginPath();
      pen.moveTo(x - 4, middle);
      pen.lineTo(x - 1, middle + 3);
      pen.lineTo(x + 4, middle - 4);
      pen.stroke();
      break;
    case 'racy':
      pen.fillStyle = palette.error;
      pen.beginPath();
      pen.moveTo(x + 2, middle - 6.5);
      pen.lineTo(x - 4, middle + 1);
      pen.lineTo(x - 0.5, middle + 1);
      pen.lineTo(x - 2, middle + 6.5);
      pen.lineTo(x + 4, middle - 1.5);
      pen.lineTo(x + 0.5, middle - 1.5);
      pen.closePath();
      pen.fill();
      break;
    case 'unknown':
      pen.font = palette.smallFont;
      pen.fillStyle = palette.unknown;
      pen.textAlign = 'center';
      pen.fillText('?', x, middle + 0.5);
      break;
  }
  return right - VERDICT_PX - 5;
}

function twisty(pen: Pen, x: number, y: number, folded: boolean, style: string): void {
  pen.fillStyle = style;
  pen.beginPath();
  if (folded) {
    pen.moveTo(x - 2, y - 4);
    pen.lineTo(x + 3, y);
    pen.lineTo(x - 2, y + 4);
  } else {
    pen.moveTo(x - 4, y - 2);
    pen.lineTo(x + 4, y - 2);
    pen.lineTo(x, y + 3);
  }
  pen.closePath();
  pen.fill();
}

function paintRuler(pen: Pen, scene: Scene, palette: Palette): void {
  fill(pen, palette.gutter, 0, 0, scene.widthPx, RULER_PX);
  fill(pen, palette.rule, 0, RULER_PX - 1, scene.widthPx, 1);
  pen.font = palette.smallFont;
  pen.textBaseline = 'middle';
  pen.textAlign = 'left';
  if (scene.pointedAt !== undefined) {
    pen.fillStyle = palette.text;
    pen.fillText(formatExactTime(scene.pointedAt), PAD_PX, RULER_PX / 2);
  }
  for (const { x, label } of scene.ticks) {
    fill(pen, palette.rule, Math.round(x), RULER_PX - 7, 1, 6);
    if (x + 4 + pen.measureText(label).width > scene.widthPx) continue;
    pen.fillStyle = palette.faint;
    pen.fillText(label, Math.round(x) + 4, RULER_PX / 2);
  }
}

function paintPointers(pen: Pen, scene: Scene, palette: Palette): void {
  const height = scene.heightPx;
  pen.globalAlpha = 0.55;
  for (const x of scene.evidence) {
    fill(pen, palette.accent, Math.round(x), RULER_PX, 1, height - RULER_PX);
  }
  pen.globalAlpha = 1;
  if (scene.nowX !== undefined) {
    fill(pen, palette.running, Math.round(scene.nowX), RULER_PX - 7, 1, height - RULER_PX + 7);
  }
  if (scene.hoverX !== undefined) {
    pen.globalAlpha = 0.35;
    fill(pen, palette.text, Math.round(scene.hoverX), 0, 1, height);
    pen.globalAlpha = 1;
  }
  if (scene.cursorX !== undefined) {
    fill(pen, palette.accent, Math.round(scene.cursorX), 0, 1, height);
    disc(pen, palette.accent, Math.round(scene.cursorX) + 0.5, RULER_PX - 4, 3);
  }
}
