import { effect, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Surface } from '../drawing/surface.ts';
import { timeAt } from '../drawing/time-scale.ts';
import { runWheel } from '../drawing/wheel.ts';
import { usePanel } from '../panel-context.ts';
import { formatBytes, formatExactTime } from '../worker/format.ts';
import { layoutChart, readCurve } from './layout-chart.ts';
import { paintChart } from './paint-chart.ts';

/** Live bytes over the stretch in sight. Painted when something that it shows has changed. */
export function HeapChart() {
  const { state, actions } = usePanel();
  const root = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const hoverX = useSignal<number | undefined>(undefined);
  const size = useSignal(0);
  useEffect(() => {
    const { current: box } = root;
    if (box === null || canvas.current === null) return undefined;
    const surface = new Surface(box, canvas.current);
    let frame = 0;
    const draw = (): void => {
      frame = 0;
      const widthPx = box.clientWidth;
      const heightPx = box.clientHeight;
      if (widthPx === 0 || heightPx === 0) return;
      const pen = surface.pen(widthPx, heightPx);
      if (pen === undefined) return;
      const scene = layoutChart({
        curve: state.heap.value?.curve,
        span: state.span.value,
        now: state.session.value.now,
        widthPx,
        heightPx,
        cursorAt: state.cursor.value,
        hoverX: hoverX.value,
      });
      paintChart(pen, scene, surface.palette(state.theme.value));
    };
    const stop = effect(() => {
      for (const each of [state.heap, state.span, state.theme, state.cursor, hoverX, size]) {
        void each.value;
      }
      if (frame === 0) frame = requestAnimationFrame(draw);
    });
    const observer = new ResizeObserver(() => {
      size.value = box.clientWidth * 65_536 + box.clientHeight;
    });
    observer.observe(box);
    const onWheel = (event: WheelEvent): void => {
      const widthPx = Math.max(1, box.clientWidth);
      const at = timeAt(state.span.value, widthPx, event.offsetX);
      runWheel(event, actions, widthPx, state.following.value ? undefined : at);
    };
    const onClick = (event: MouseEvent): void => {
      state.cursor.value = timeAt(state.span.value, Math.max(1, box.clientWidth), event.offsetX);
    };
    box.addEventListener('wheel', onWheel, { passive: false });
    box.addEventListener('click', onClick);
    box.addEventListener('dblclick', actions.fit);
    return () => {
      stop();
      cancelAnimationFrame(frame);
      observer.disconnect();
      box.removeEventListener('wheel', onWheel);
      box.removeEventListener('click', onClick);
      box.removeEventListener('dblclick', actions.fit);
    };
  }, [state]);
  const timeOf = (x: number): number =>
    timeAt(state.span.value, Math.max(1, root.current?.clientWidth ?? 1), x);
  return (
    <div
      class="heap-chart"
      ref={root}
      role="img"
      aria-label="Live bytes over time"
      onPointerMove={(event) => {
        hoverX.value = event.offsetX;
      }}
      onPointerLeave={() => {
        hoverX.value = undefined;
      }}
    >
      <canvas ref={canvas} aria-hidden />
      <ChartReading at={hoverX.value === undefined ? undefined : timeOf(hoverX.value)} />
    </div>
  );
}

/** What the areas are, and what they say of a time. */
function ChartReading({ at }: { readonly at: number | undefined }) {
  const { state } = usePanel();
  const curve = state.heap.value?.curve;
  const { now } = state.session.value;
  const reading = readCurve(curve, at ?? Math.min(now, state.span.value.to), now);
  if (curve === undefined || reading === undefined) return null;
  const { counted, known, resting } = reading;
  return (
    <p class="heap-reading">
      {at === undefined ? null : <span class="number">{formatExactTime(at)}</span>}
      {counted === undefined ? null : (
        <span title="All blocks of heaps that are watched, as their threads count them">
          <i class="swatch counted" />
          live <b class="number">{formatBytes(counted)}</b>
        </span>
      )}
      <span
        class="known-part"
        title="Blocks that are known one by one: user data of nodes, blocks that something went wrong with, and those that the page declared"
      >
        <i class="swatch known" />
        known <b class="number">{formatBytes(known)}</b>
      </span>
      {resting === undefined ? null : (
        <span title="Freed blocks that are kept from the allocator, to find out who still touches them">
          <i class="swatch resting" />
          in quarantine <b class="number">{formatBytes(resting)}</b>
        </span>
      )}
    </p>
  );
}
