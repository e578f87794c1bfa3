import type { Palette } from '../drawing/palette.ts';
import { fill, type Pen } from '../drawing/pen.ts';
import { type ChartArea, type ChartScene, RULER_PX } from './layout-chart.ts';

/** Draws what `layoutChart` has laid out, and knows nothing else. */
export function paintChart(pen: Pen, scene: ChartScene, palette: Palette): void {
  const { widthPx, heightPx } = scene;
  fill(pen, palette.background, 0, 0, widthPx, heightPx);
  fill(pen, palette.gutter, 0, 0, widthPx, RULER_PX);
  for (const { x } of scene.ticks) {
    fill(pen, palette.grid, Math.round(x), RULER_PX, 1, heightPx - RULER_PX);
  }
  pen.font = palette.smallFont;
  pen.textBaseline = 'middle';
  pen.textAlign = 'left';
  pen.fillStyle = palette.faint;
  for (const { x, label } of scene.ticks) pen.fillText(label, Math.round(x) + 4, RULER_PX / 2);
  fill(pen, palette.rule, 0, RULER_PX - 1, widthPx, 1);
  for (const area of scene.areas) paintArea(pen, area, palette);
  if (scene.peak !== undefined) {
    const y = Math.round(scene.peak.y);
    fill(pen, palette.rule, 0, y, widthPx, 1);
    pen.textBaseline = 'bottom';
    pen.textAlign = 'right';
    pen.fillStyle = palette.faint;
    pen.fillText(scene.peak.label, widthPx - 6, y - 1);
  }
  if (scene.hoverX !== undefined) {
    fill(pen, palette.faint, Math.round(scene.hoverX), RULER_PX, 1, heightPx - RULER_PX);
  }
  if (scene.cursorX !== undefined) {
    fill(pen, palette.accent, Math.round(scene.cursorX), 0, 1, heightPx);
  }
}

function paintArea(pen: Pen, { kind, xs, tops, bottoms }: ChartArea, palette: Palette): void {
  const steps = tops.length;
  const style = {
    counted: palette.callLow,
    known: palette.call,
    resting: palette.suspended,
  }[kind];
  pen.fillStyle = style;
  pen.beginPath();
  pen.moveTo(xs[0] ?? 0, bottoms[0] ?? 0);
  for (let i = 0; i < steps; i++) {
    pen.lineTo(xs[i] ?? 0, tops[i] ?? 0);
    pen.lineTo(xs[i + 1] ?? 0, tops[i] ?? 0);
  }
  for (let i = steps - 1; i >= 0; i--) {
    pen.lineTo(xs[i + 1] ?? 0, bottoms[i] ?? 0);
    pen.lineTo(xs[i] ?? 0, bottoms[i] ?? 0);
  }
  pen.closePath();
  pen.fill();
}
