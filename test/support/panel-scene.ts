import type { SessionInput } from '../../src/analysis/session-input.ts';
import { fitSpan, type Span } from '../../src/panel/drawing/time-scale.ts';
import { type LayoutInput, layoutTimeline, type Scene } from '../../src/panel/timeline/layout.ts';
import { buildVisibleRows } from '../../src/panel/timeline/visible-rows.ts';
import { buildGeometry } from '../../src/panel/worker/build-geometry.ts';
import { buildSessionView } from '../../src/panel/worker/build-session-view.ts';
import type { SessionView } from '../../src/panel/worker/protocol.ts';
import { Recording } from '../../src/panel/worker/recording.ts';

export interface SceneOptions {
  readonly widthPx?: number;
  readonly heightPx?: number;
  readonly labelPx?: number;
  readonly span?: Span;
  readonly over?: Partial<LayoutInput>;
}

export function recordingOf(inputs: Iterable<SessionInput>): Recording {
  const recording = new Recording();
  for (const input of inputs) {
    const fault = recording.ingest(input);
    if (fault !== undefined) throw new Error(fault);
  }
  return recording;
}

/** What the timeline would draw of a session: records, facts, geometry, layout, all of it real. */
export function sceneOf(
  inputs: Iterable<SessionInput>,
  options: SceneOptions = {},
): { readonly scene: Scene; readonly session: SessionView } {
  const { widthPx = 1220, heightPx = 600, labelPx = 220 } = options;
  const recording = recordingOf(inputs);
  const session = buildSessionView(recording);
  const span = options.span ?? fitSpan(session.now);
  const rows = buildVisibleRows(session.rows, { text: '', folded: new Set() });
  const geometry = buildGeometry(recording.session, {
    id: 1,
    ...span,
    pxMicros: (span.to - span.from) / (widthPx - labelPx),
    rows: session.rows.map(({ key }) => key),
    focus: options.over?.selectedRow,
  });
  const scene = layoutTimeline({
    widthPx,
    heightPx,
    labelPx,
    scrollPx: 0,
    span,
    now: session.now,
    live: false,
    rows,
    geometry: new Map(geometry.rows.map((row) => [row.key, row])),
    arrows: geometry.arrows,
    findings: session.findings,
    selectedRow: undefined,
    selectedFinding: undefined,
    hoveredRow: undefined,
    hoverAt: undefined,
    cursorAt: undefined,
    ...options.over,
  });
  return { scene, session };
}
