import { effect, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { usePanel } from '../panel-context.ts';
import { TimelineController } from './timeline-controller.ts';
import { Tooltip, type TooltipContent } from './tooltip.tsx';

/** The lifelines. All drawing and pointing is the controller's; this only gives it its elements. */
export function Timeline() {
  const panel = usePanel();
  const root = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const spacer = useRef<HTMLDivElement>(null);
  const tooltip = useSignal<TooltipContent | undefined>(undefined);
  useEffect(() => {
    const elements = {
      root: root.current,
      canvas: canvas.current,
      scroller: scroller.current,
      spacer: spacer.current,
    };
    const { root: box, canvas: surface, scroller: scroll, spacer: space } = elements;
    if (box === null || surface === null || scroll === null || space === null) return undefined;
    const controller = new TimelineController(
      panel,
      { root: box, canvas: surface, scroller: scroll, spacer: space },
      (content) => {
        tooltip.value = content;
      },
    );
    panel.timeline.current = controller;
    const stop = effect(() => controller.update());
    return () => {
      stop();
      panel.timeline.current = undefined;
      controller[Symbol.dispose]();
    };
  }, [panel]);
  const { rows, selectedRow } = panel.state;
  const selected = rows.value.find(({ row }) => row.key === selectedRow.value);
  return (
    <div
      class="timeline"
      ref={root}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: an application takes keys
      tabIndex={0}
      id="timeline"
      role="application"
      aria-roledescription="timeline"
      aria-label="Lifelines. Arrow keys choose a lifeline and pan, W and S zoom."
    >
      <canvas ref={canvas} aria-hidden />
      <div class="timeline-scroll" ref={scroller}>
        <div ref={spacer} />
      </div>
      <div class="visually-hidden" aria-live="polite">
        {selected === undefined ? '' : `${selected.row.label} ${selected.row.note}`}
      </div>
      <Tooltip content={tooltip.value} />
    </div>
  );
}
