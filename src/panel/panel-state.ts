import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Severity } from '../analysis/finding.ts';
import type { EntityKey } from '../analysis/model.ts';
import { DEFAULT_SETTINGS, type Settings } from '../shared/settings.ts';
import type { Theme } from './devtools-host.ts';
import { followSpan, type Span } from './drawing/time-scale.ts';
import { buildFindingList, type FindingOrder } from './findings/finding-list-model.ts';
import { buildVisibleRows, type VisibleRow } from './timeline/visible-rows.ts';
import type { HeapQuery, HeapView } from './worker/heap/heap-protocol.ts';
import type {
  Comparison,
  DetailEvent,
  EntityDetail,
  Geometry,
  SessionView,
  ShownFinding,
} from './worker/protocol.ts';

export type BridgeStatus = 'connected' | 'reconnecting' | 'none';
export type Selection =
  | { readonly kind: 'finding'; readonly id: string }
  | { readonly kind: 'row'; readonly key: EntityKey }
  /** A block or a place that allocates; `row` is the lifeline that it belongs to. */
  | { readonly kind: 'heap'; readonly key: EntityKey; readonly row: EntityKey | undefined };

/** What the upper half shows. */
export type Pane = 'timeline' | 'heap';

/** What the heap view shows, but for what follows from the rest of the panel. */
export type HeapChoice = Pick<HeapQuery, 'by' | 'shown' | 'sort' | 'toggled' | 'memory'>;

export interface Notice {
  readonly id: number;
  readonly tone: 'error' | 'info';
  readonly text: string;
}

export interface ExportJob {
  readonly title: string;
  /** 0 … 1; undefined while the length is not known. */
  readonly progress: number | undefined;
  readonly stage: string;
  readonly cancel: () => void;
}

export const EMPTY_SESSION: SessionView = {
  rows: [],
  findings: [],
  since: 0,
  now: 0,
  epoch: 0,
  documents: 0,
  liveDocuments: 0,
  contexts: 0,
  nodes: 0,
  calls: 0,
  lost: 0,
  refused: 0,
  forgottenBytes: 0,
  coverage: [],
  file: undefined,
};

export const DEFAULT_HEAP_CHOICE: HeapChoice = {
  by: 'node',
  shown: 'all',
  sort: 'worst',
  toggled: [],
  memory: undefined,
};

/** The stretches shown while following: the first that holds the session, in the end the last. */
const FOLLOW_STEPS = [1e6, 2e6, 5e6, 10e6] as const;
const LONGEST_FOLLOW = 10e6;

/** Everything the views depend on, as one graph of signals. */
export interface PanelState {
  /** False: no page is inspected, session files only. */
  readonly inspecting: boolean;
  readonly session: Signal<SessionView>;
  readonly geometry: Signal<Geometry | undefined>;
  readonly status: Signal<BridgeStatus>;
  readonly theme: Signal<Theme>;
  readonly settings: Signal<Settings>;
  /** Why pages of the tab cannot be watched, by document. */
  readonly unreachable: Signal<ReadonlyMap<string, string>>;
  /** Documents that are there, whether or not they have audio. */
  readonly documents: Signal<ReadonlySet<string>>;
  readonly span: Signal<Span>;
  readonly following: Signal<boolean>;
  /** The length to follow with, once the user has chosen one. */
  readonly followLength: Signal<number | undefined>;
  readonly selection: Signal<Selection | undefined>;
  /** The user has selected, or unselected, something in this session. */
  readonly touched: Signal<boolean>;
  readonly detail: Signal<EntityDetail | undefined>;
  readonly pane: Signal<Pane>;
  readonly heapChoice: Signal<HeapChoice>;
  /** Undefined until the heap was looked at. */
  readonly heap: Signal<HeapView | undefined>;
  /** A place that the user pointed out, in session time. */
  readonly cursor: Signal<number | undefined>;
  /** The event that the next one is compared with. */
  readonly picked: Signal<DetailEvent | undefined>;
  readonly comparison: Signal<Comparison | undefined>;
  readonly filter: Signal<string>;
  readonly severities: Signal<ReadonlySet<Severity>>;
  readonly order: Signal<FindingOrder>;
  readonly folded: Signal<ReadonlySet<EntityKey>>;
  readonly dialog: Signal<'help' | 'settings' | undefined>;
  readonly notices: Signal<readonly Notice[]>;
  readonly job: Signal<ExportJob | undefined>;
  readonly rows: ReadonlySignal<readonly VisibleRow[]>;
  readonly findings: ReadonlySignal<readonly ShownFinding[]>;
  readonly selectedFinding: ReadonlySignal<ShownFinding | undefined>;
  readonly selectedRow: ReadonlySignal<EntityKey | undefined>;
  /** That of the detail. */
  readonly selectedEntity: ReadonlySignal<EntityKey | undefined>;
  readonly live: ReadonlySignal<boolean>;
  /** The end of what can be scrolled to. */
  readonly extent: ReadonlySignal<number>;
}

export function createPanelState(inspecting: boolean): PanelState {
  const session = signal(EMPTY_SESSION);
  const filter = signal('');
  const folded = signal<ReadonlySet<EntityKey>>(new Set());
  const severities = signal<ReadonlySet<Severity>>(new Set(['error', 'warning', 'info']));
  const order = signal<FindingOrder>({ by: 'severity', descending: false });
  const selection = signal<Selection | undefined>(undefined);
  const settings = signal<Settings>(DEFAULT_SETTINGS);
  const selectedFinding = computed(() => {
    const chosen = selection.value;
    if (chosen?.kind !== 'finding') return undefined;
    return session.value.findings.find(({ id }) => id === chosen.id);
  });
  const selectedRow = computed(() => {
    const chosen = selection.value;
    if (chosen?.kind === 'heap') return chosen.row;
    return chosen?.kind === 'row' ? chosen.key : selectedFinding.value?.row;
  });
  const live = computed(
    () =>
      inspecting &&
      session.value.file === undefined &&
      session.value.liveDocuments > 0 &&
      settings.value.recording,
  );
  return {
    inspecting,
    session,
    geometry: signal<Geometry | undefined>(undefined),
    status: signal<BridgeStatus>('none'),
    theme: signal<Theme>('light'),
    settings,
    unreachable: signal<ReadonlyMap<string, string>>(new Map()),
    documents: signal<ReadonlySet<string>>(new Set()),
    span: signal<Span>(followSpan(FOLLOW_STEPS[0], 0)),
    followLength: signal<number | undefined>(undefined),
    following: signal(inspecting),
    selection,
    touched: signal(false),
    detail: signal<EntityDetail | undefined>(undefined),
    pane: signal<Pane>('timeline'),
    heapChoice: signal<HeapChoice>(DEFAULT_HEAP_CHOICE),
    heap: signal<HeapView | undefined>(undefined),
    cursor: signal<number | undefined>(undefined),
    picked: signal<DetailEvent | undefined>(undefined),
    comparison: signal<Comparison | undefined>(undefined),
    filter,
    severities,
    order,
    folded,
    dialog: signal<'help' | 'settings' | undefined>(undefined),
    notices: signal<readonly Notice[]>([]),
    job: signal<ExportJob | undefined>(undefined),
    rows: computed(() =>
      buildVisibleRows(session.value.rows, {
        text: filter.value.trim().toLowerCase(),
        folded: folded.value,
      }),
    ),
    findings: computed(() =>
      buildFindingList(session.value.findings, {
        text: filter.value.trim().toLowerCase(),
        severities: severities.value,
        order: order.value,
      }),
    ),
    selectedFinding,
    selectedRow,
    selectedEntity: computed(() => {
      const chosen = selection.value;
      return chosen?.kind === 'heap' ? chosen.key : selectedRow.value;
    }),
    live,
    extent: computed(() =>
      live.value ? Math.max(session.value.now, LONGEST_FOLLOW) : session.value.now,
    ),
  };
}

/** Takes in what the worker found; while following, the span goes along. */
export function showSession(state: PanelState, session: SessionView): void {
  batch(() => {
    state.session.value = session;
    if (state.following.value) followNow(state);
    const chosen = state.selection.value;
    if (chosen !== undefined && !isThere(chosen, session)) state.selection.value = undefined;
  });
}

function isThere(chosen: Selection, { rows, findings }: SessionView): boolean {
  switch (chosen.kind) {
    case 'row':
      return rows.some(({ key }) => key === chosen.key);
    case 'finding':
      return findings.some(({ id }) => id === chosen.id);
    // The worker says so when it is asked for the detail.
    case 'heap':
      return true;
  }
}

/** Puts the end of the session into sight. */
export function followNow(state: PanelState): void {
  const { now } = state.session.value;
  const length =
    state.followLength.value ?? FOLLOW_STEPS.find((step) => step >= now) ?? LONGEST_FOLLOW;
  state.span.value = followSpan(length, now);
}

/** There is a lifeline to draw, or a file was opened. */
export function hasSomething({ session }: PanelState): boolean {
  const { rows, file } = session.value;
  return file !== undefined || rows.some(({ kind }) => kind === 'context' || kind === 'worker');
}
