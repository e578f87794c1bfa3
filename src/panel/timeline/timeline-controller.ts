import { Surface } from '../drawing/surface.ts';
import { type Span, timeAt } from '../drawing/time-scale.ts';
import { runWheel } from '../drawing/wheel.ts';
import type { Panel } from '../panel-context.ts';
import type { DetailEvent, RowGeometry, View } from '../worker/protocol.ts';
import { layoutTimeline, RULER_PX } from './layout.ts';
import { paintTimeline } from './paint.ts';
import type { TooltipContent } from './tooltip.tsx';
import { heightOf, rowAt, rowsBetween, type VisibleRow } from './visible-rows.ts';

interface Elements {
  readonly root: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  readonly scroller: HTMLElement;
  readonly spacer: HTMLElement;
}

/** How far from the pointer something may lie and still be meant. */
const REACH_PX = 5;
const DRAG_PX = 4;
/** Geometry is asked for this much of the span beyond each edge, so that panning has it at hand. */
const OVERSCAN = 0.5;
const OVERSCAN_ROWS_PX = 300;
/** Below this width the names take a smaller part. */
const NARROW_PX = 640;

/** Owns the canvas: paints when something changed, turns pointer and wheel into actions. */
export class TimelineController implements Disposable {
  readonly #panel: Panel;
  readonly #elements: Elements;
  readonly #showTooltip: (content: TooltipContent | undefined) => void;
  readonly #undo: (() => void)[] = [];
  #frame = 0;
  readonly #surface: Surface;
  #viewId = 0;
  #asked: View | undefined;
  #hover: { readonly x: number; readonly y: number } | undefined;
  #probing = 0;
  #drag:
    | {
        readonly x: number;
        readonly y: number;
        readonly span: Span;
        readonly scrollTop: number;
        moved: boolean;
      }
    | undefined;
  #revealed: string | undefined;
  #paints = 0;

  constructor(
    panel: Panel,
    elements: Elements,
    showTooltip: (content: TooltipContent | undefined) => void,
  ) {
    this.#panel = panel;
    this.#elements = elements;
    this.#surface = new Surface(elements.root, elements.canvas);
    this.#showTooltip = showTooltip;
    const observer = new ResizeObserver(() => this.update());
    observer.observe(elements.root);
    this.#undo.push(() => observer.disconnect());
    const { root, scroller } = elements;
    this.#listen(scroller, 'scroll', () => this.update());
    this.#listen(root, 'pointermove', (event) => this.#pointerMove(event));
    this.#listen(root, 'pointerdown', (event) => this.#pointerDown(event));
    this.#listen(root, 'pointerup', (event) => this.#pointerUp(event));
    this.#listen(root, 'pointerleave', () => this.#pointerGone());
    this.#listen(root, 'pointercancel', () => this.#pointerGone());
    this.#listen(root, 'dblclick', (event) => {
      if (this.#place(event).x > this.#labelPx) panel.actions.fit();
    });
    const onWheel = (event: WheelEvent): void => this.#wheel(event);
    root.addEventListener('wheel', onWheel, { passive: false });
    this.#undo.push(() => root.removeEventListener('wheel', onWheel));
  }

  /** Nothing is waiting to be painted or asked for. */
  get quiet(): boolean {
    return this.#frame === 0;
  }

  /** How often the canvas was painted. */
  get paints(): number {
    return this.#paints;
  }

  /** Called inside an effect, so it touches every signal that the picture depends on. */
  update(): void {
    const { state } = this.#panel;
    for (const each of [
      state.rows,
      state.span,
      state.geometry,
      state.theme,
      state.cursor,
      state.selection,
      state.session,
      state.live,
      state.findings,
    ]) {
      void each.value;
    }
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  [Symbol.dispose](): void {
    cancelAnimationFrame(this.#frame);
    for (const undo of this.#undo) undo();
  }

  #listen<K extends keyof HTMLElementEventMap>(
    target: HTMLElement,
    type: K,
    listener: (event: HTMLElementEventMap[K]) => void,
  ): void {
    target.addEventListener(type, listener);
    this.#undo.push(() => target.removeEventListener(type, listener));
  }

  get #widthPx(): number {
    return this.#elements.scroller.clientWidth;
  }

  get #labelPx(): number {
    const width = this.#widthPx;
    return width < NARROW_PX ? Math.min(150, Math.round(width * 0.36)) : 220;
  }

  #draw(): void {
    this.#frame = 0;
    const { root, scroller, spacer } = this.#elements;
    const { state } = this.#panel;
    const widthPx = this.#widthPx;
    const heightPx = root.clientHeight;
    if (widthPx === 0 || heightPx === 0) return;
    const rows = state.rows.value;
    spacer.style.height = `${heightOf(rows)}px`;
    this.#reveal(rows);
    this.#look(widthPx, heightPx, rows);
    const pen = this.#surface.pen(widthPx, heightPx);
    if (pen === undefined) return;
    const hovered = this.#drag?.moved === true ? undefined : this.#hover;
    const scene = layoutTimeline({
      widthPx,
      heightPx,
      labelPx: this.#labelPx,
      scrollPx: scroller.scrollTop,
      span: state.span.value,
      now: state.session.value.now,
      live: state.live.value,
      rows,
      geometry: this.#geometry(),
      arrows: state.geometry.value?.arrows ?? [],
      findings: state.findings.value,
      selectedRow: state.selectedRow.value,
      selectedFinding: state.selectedFinding.value?.id,
      hoveredRow: hovered === undefined ? undefined : this.#rowAt(hovered.y)?.row.key,
      hoverAt:
        hovered === undefined || hovered.x < this.#labelPx ? undefined : this.#timeAt(hovered.x),
      cursorAt: state.cursor.value,
    });
    paintTimeline(pen, scene, this.#surface.palette(state.theme.value));
    this.#paints++;
  }

  #geometry(): ReadonlyMap<string, RowGeometry> {
    const rows = this.#panel.state.geometry.value?.rows ?? [];
    return new Map(rows.map((row) => [row.key, row]));
  }

  /** Scrolls to a row that has just been selected, once. */
  #reveal(rows: readonly VisibleRow[]): void {
    const key = this.#panel.state.selectedRow.value;
    if (key === this.#revealed) return;
    this.#revealed = key;
    const visible = rows.find(({ row }) => row.key === key);
    if (visible === undefined) return;
    const { scroller } = this.#elements;
    const top = scroller.scrollTop;
    const bottom = top + scroller.clientHeight;
    if (visible.topPx < top) scroller.scrollTop = visible.topPx;
    else if (visible.topPx + visible.heightPx > bottom) {
      scroller.scrollTop = visible.topPx + visible.heightPx - scroller.clientHeight;
    }
  }

  /** Asks for geometry when what is shown left what was asked for, or the zoom changed. */
  #look(widthPx: number, heightPx: number, rows: readonly VisibleRow[]): void {
    const { state, client } = this.#panel;
    const { from, to } = state.span.value;
    const pxMicros = (to - from) / Math.max(1, widthPx - this.#labelPx);
    const { scrollTop } = this.#elements.scroller;
    const needed = rowsBetween(rows, scrollTop, scrollTop + heightPx).map(({ row }) => row.key);
    const asked = this.#asked;
    if (
      asked !== undefined &&
      asked.from <= from &&
      asked.to >= to &&
      Math.abs(asked.pxMicros - pxMicros) <= pxMicros * 1e-6 &&
      asked.focus === state.selectedRow.value &&
      needed.every((key) => asked.rows.includes(key))
    ) {
      return;
    }
    const around = rowsBetween(
      rows,
      scrollTop - OVERSCAN_ROWS_PX,
      scrollTop + heightPx + OVERSCAN_ROWS_PX,
    );
    const margin = (to - from) * OVERSCAN;
    this.#asked = {
      id: ++this.#viewId,
      from: from - margin,
      to: to + margin,
      pxMicros,
      rows: around.map(({ row }) => row.key),
      focus: state.selectedRow.value,
    };
    client.look(this.#asked);
  }

  #place(event: MouseEvent): { readonly x: number; readonly y: number } {
    const box = this.#elements.root.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #timeAt(x: number): number {
    const { value: span } = this.#panel.state.span;
    return timeAt(span, Math.max(1, this.#widthPx - this.#labelPx), x - this.#labelPx);
  }

  #rowAt(y: number): VisibleRow | undefined {
    if (y < RULER_PX) return undefined;
    const { scrollTop } = this.#elements.scroller;
    return rowAt(this.#panel.state.rows.value, y - RULER_PX + scrollTop);
  }

  #pointerDown(event: PointerEvent): void {
    const { x, y } = this.#place(event);
    if (event.button !== 0 || x >= this.#widthPx) return;
    this.#drag = {
      x,
      y,
      span: this.#panel.state.span.value,
      scrollTop: this.#elements.scroller.scrollTop,
      moved: false,
    };
  }

  #pointerMove(event: PointerEvent): void {
    const at = this.#place(event);
    this.#hover = at.x < this.#widthPx ? at : undefined;
    const drag = this.#drag;
    if (drag !== undefined) {
      const dx = at.x - drag.x;
      const dy = at.y - drag.y;
      if (!drag.moved && Math.abs(dx) + Math.abs(dy) > DRAG_PX) {
        drag.moved = true;
        this.#elements.root.setPointerCapture(event.pointerId);
        this.#showTooltip(undefined);
      }
      if (drag.moved) {
        const { from, to } = drag.span;
        const micros = ((to - from) / Math.max(1, this.#widthPx - this.#labelPx)) * -dx;
        if (drag.x > this.#labelPx) {
          this.#panel.actions.setSpan({ from: from + micros, to: to + micros });
        }
        this.#elements.scroller.scrollTop = drag.scrollTop - dy;
      }
    }
    if (drag?.moved !== true) void this.#probe(at.x, at.y);
    this.update();
  }

  #pointerUp(event: PointerEvent): void {
    const drag = this.#drag;
    this.#drag = undefined;
    if (drag === undefined || drag.moved) return;
    const { x, y } = this.#place(event);
    const visible = this.#rowAt(y);
    const { actions, state } = this.#panel;
    if (visible === undefined) {
      if (y >= RULER_PX) actions.select(undefined);
      else if (x > this.#labelPx) state.cursor.value = this.#timeAt(x);
      return;
    }
    if (visible.foldable && x < 8 + visible.depth * 14 + 12) {
      actions.toggleFold(visible.row.key);
      return;
    }
    if (x > this.#labelPx && event.shiftKey) {
      void this.#pick(visible, x, (found) => actions.compareWith(found));
      return;
    }
    const flag = x > this.#labelPx ? this.#flagAt(visible, x, y) : undefined;
    if (flag !== undefined) actions.select({ kind: 'finding', id: flag });
    else {
      actions.select({ kind: 'row', key: visible.row.key });
      if (x <= this.#labelPx) return;
      void this.#pick(visible, x, (found) => {
        state.picked.value = found;
        state.cursor.value = found.at;
      });
    }
  }

  /** Hands on the event under the pointer, if there is one. */
  async #pick(visible: VisibleRow, x: number, use: (event: DetailEvent) => unknown): Promise<void> {
    const at = this.#timeAt(x);
    const answer = await this.#panel.client.ask({
      ask: 'probe',
      row: visible.row.key,
      at,
      reach: this.#timeAt(x + REACH_PX) - at,
    });
    const event = answer.ok ? answer.value?.event : undefined;
    if (event !== undefined) use(event);
  }

  /** The finding whose flag is under the pointer. */
  #flagAt(visible: VisibleRow, x: number, y: number): string | undefined {
    const { scrollTop } = this.#elements.scroller;
    if (y > RULER_PX + visible.topPx - scrollTop + 12) return undefined;
    const at = this.#timeAt(x);
    const reach = this.#timeAt(x + 7) - at;
    return this.#panel.state.findings.value.find(
      ({ row, firstAt }) => row === visible.row.key && Math.abs(firstAt - at) <= reach,
    )?.id;
  }

  #pointerGone(): void {
    this.#hover = undefined;
    this.#drag = undefined;
    this.#probing++;
    this.#showTooltip(undefined);
    this.update();
  }

  /** Only the answer for the latest place is shown. */
  async #probe(x: number, y: number): Promise<void> {
    const ticket = ++this.#probing;
    const visible = this.#rowAt(y);
    if (visible === undefined || x <= this.#labelPx || x >= this.#widthPx) {
      this.#showTooltip(undefined);
      return;
    }
    const at = this.#timeAt(x);
    const answer = await this.#panel.client.ask({
      ask: 'probe',
      row: visible.row.key,
      at,
      reach: this.#timeAt(x + REACH_PX) - at,
    });
    if (ticket !== this.#probing) return;
    const probe = answer.ok ? answer.value : undefined;
    const { clientWidth: widthPx, clientHeight: heightPx } = this.#elements.root;
    this.#showTooltip(probe === undefined ? undefined : { probe, x, y, widthPx, heightPx });
  }

  #wheel(event: WheelEvent): void {
    const { x } = this.#place(event);
    const zooms = event.ctrlKey || event.metaKey;
    if (x <= this.#labelPx && !zooms && !event.shiftKey) return;
    const { actions, state } = this.#panel;
    const chartPx = Math.max(1, this.#widthPx - this.#labelPx);
    runWheel(event, actions, chartPx, state.following.value ? undefined : this.#timeAt(x));
  }
}
