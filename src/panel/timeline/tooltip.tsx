import type { Probe } from '../worker/protocol.ts';

export interface TooltipContent {
  readonly probe: Probe;
  /** The pointer, in CSS pixels from the top left of the timeline. */
  readonly x: number;
  readonly y: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

const WIDTH_PX = 300;
const HEIGHT_PX = 130;
const OFF_PX = 14;

/** Stays inside the timeline: beyond the middle it opens to the other side of the pointer. */
export function Tooltip({ content }: { readonly content: TooltipContent | undefined }) {
  if (content === undefined) return null;
  const { probe, x, y, widthPx, heightPx } = content;
  const flipX = x + OFF_PX + WIDTH_PX > widthPx && x > widthPx / 2;
  const flipY = y + OFF_PX + HEIGHT_PX > heightPx && y > heightPx / 2;
  const style = {
    ...(flipX ? { right: `${widthPx - x + OFF_PX}px` } : { left: `${x + OFF_PX}px` }),
    ...(flipY ? { bottom: `${heightPx - y + OFF_PX}px` } : { top: `${y + OFF_PX}px` }),
    maxWidth: `${Math.min(WIDTH_PX, widthPx - 16)}px`,
  };
  return (
    <div class="tooltip" role="tooltip" style={style}>
      <b>{probe.title}</b>
      <dl>
        {probe.lines.map(({ label, value }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
