import type { PanelActions } from '../panel-actions.ts';

const ZOOM_PER_WHEEL_PX = 0.0025;

/** What the wheel does over a stretch of time: pans with Shift or sideways, else zooms around `anchor`. */
export function runWheel(
  event: WheelEvent,
  actions: Pick<PanelActions, 'pan' | 'zoom'>,
  chartPx: number,
  anchor: number | undefined,
): void {
  event.preventDefault();
  const zooms = event.ctrlKey || event.metaKey;
  const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
  const dx = event.deltaX * unit;
  const dy = event.deltaY * unit;
  if (event.shiftKey && !zooms) actions.pan((dx === 0 ? dy : dx) / chartPx);
  else if (!zooms && Math.abs(dx) > Math.abs(dy)) actions.pan(dx / chartPx);
  else actions.zoom(Math.exp(Math.max(-1, Math.min(1, dy * ZOOM_PER_WHEEL_PX))), anchor);
}
