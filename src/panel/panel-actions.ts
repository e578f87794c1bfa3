import { batch } from '@preact/signals';
import type { EntityKey } from '../analysis/model.ts';
import * as LIMITS from '../shared/limits.ts';
import type { Command } from '../shared/messages.ts';
import type { Settings } from '../shared/settings.ts';
import type { Host } from './devtools-host.ts';
import { downloadBytes, sessionFileName } from './download.ts';
import {
  clampSpan,
  fitSpan,
  MIN_SPAN_MICROS,
  panSpan,
  type Span,
  spanAround,
  timeAt,
  zoomSpan,
} from './drawing/time-scale.ts';
import { CANCELLED, startExport } from './export-session.ts';
import { stepFinding } from './findings/finding-list-model.ts';
import { heapLines, selectedLine, stepLine, targetOf } from './heap/heap-lines.ts';
import {
  followNow,
  type HeapChoice,
  type Notice,
  type Pane,
  type PanelState,
  type Selection,
} from './panel-state.ts';
import { openInPerfetto } from './perfetto-window.ts';
import { storeSettings } from './stored-settings.ts';
import type { DetailEvent } from './worker/protocol.ts';
import type { WorkerClient } from './worker-client.ts';

/** A place jumped to is shown no wider than this. */
const JUMP_MICROS = 200_000;
const NOTICE_MS = 8000;

/** What the user can do, by whatever means. */
export interface PanelActions {
  toggleRecording(): void;
  clear(): void;
  reloadAndRecord(): void;
  changeSettings(change: Partial<Settings>): void;
  openFile(file: File): Promise<void>;
  closeFile(): void;
  exportSession(): Promise<void>;
  exportTrace(): Promise<void>;
  openPerfetto(): Promise<void>;
  select(selection: Selection | undefined): void;
  show(pane: Pane): void;
  chooseHeap(change: Partial<HeapChoice>): void;
  toggleGroup(id: string): void;
  stepHeap(step: number | 'first' | 'last'): void;
  /** Has the page loaded anew with its heaps watched. */
  recordHeap(): Promise<void>;
  stepFinding(step: number | 'first' | 'last'): void;
  stepRow(step: number): void;
  jumpTo(at: number): void;
  /** Shows an event, and keeps it to compare others with. */
  pick(event: DetailEvent): void;
  /** Asks which had to come first, the event or the one that was picked. */
  compareWith(event: DetailEvent): Promise<void>;
  closeComparison(): void;
  zoom(factor: number, anchor?: number): void;
  pan(shareOfSpan: number): void;
  setSpan(span: Span): void;
  fit(): void;
  follow(on: boolean): void;
  toggleFold(key: EntityKey): void;
  openSource(url: string, line: number, column: number): void;
  notify(tone: Notice['tone'], text: string): void;
  dismiss(id: number): void;
}

export function createPanelActions(
  state: PanelState,
  client: WorkerClient,
  host: Host,
  send: (command: Command) => void,
): PanelActions {
  let noticeId = 0;

  const notify = (tone: Notice['tone'], text: string): void => {
    const id = ++noticeId;
    const others = state.notices.value.filter((each) => each.text !== text);
    state.notices.value = [...others.slice(-2), { id, tone, text }];
    if (tone === 'info') setTimeout(() => dismiss(id), NOTICE_MS);
  };
  const dismiss = (id: number): void => {
    state.notices.value = state.notices.value.filter((each) => each.id !== id);
  };
  const setSpan = (span: Span): void => {
    batch(() => {
      const clamped = clampSpan(span, state.extent.value);
      state.span.value = clamped;
      if (clamped.to < state.session.value.now) state.following.value = false;
    });
  };
  const forgetPlaces = (): void => {
    state.cursor.value = undefined;
    state.picked.value = undefined;
    state.comparison.value = undefined;
  };
  const chooseHeap = (change: Partial<HeapChoice>): void => {
    state.heapChoice.value = { ...state.heapChoice.value, ...change };
  };
  const forgetHeap = (): void => {
    state.heap.value = undefined;
    chooseHeap({ memory: undefined, toggled: [] });
  };
  const clear = (leaving: boolean): void => {
    send({ kind: 'clear' });
    client.tell({ kind: 'clear', leaving });
    batch(() => {
      state.selection.value = undefined;
      state.touched.value = false;
      state.detail.value = undefined;
      forgetHeap();
      forgetPlaces();
      state.following.value = state.inspecting;
      state.followLength.value = undefined;
    });
  };
  const changeSettings = (change: Partial<Settings>): void => {
    const settings = { ...state.settings.value, ...change };
    state.settings.value = settings;
    send({ kind: 'configure', settings });
    // Storing reaches the pages too, and says nothing of a pause, which is this tab's alone.
    if (Object.keys(change).every((each) => each === 'recording')) return;
    void storeSettings(settings).then(() => send({ kind: 'configure', settings }));
  };
  const runExport = async (
    title: string,
    format: 'session' | 'trace',
  ): Promise<Uint8Array<ArrayBuffer> | undefined> => {
    if (state.job.value !== undefined) return undefined;
    const running = startExport(client, format, (stage, progress) => {
      state.job.value = { title, stage, progress, cancel };
    });
    const cancel = (): void => running.cancel();
    state.job.value = { title, stage: 'Copying', progress: undefined, cancel };
    const result = await running.done;
    state.job.value = undefined;
    if (result.ok) return result.value;
    if (result.error !== CANCELLED) notify('error', `${title} failed: ${result.error}`);
    return undefined;
  };
  const select = (selection: Selection | undefined): void => {
    batch(() => {
      state.touched.value = true;
      state.selection.value = selection;
    });
  };
  const reloadAndRecord = (): void => {
    clear(true);
    if (!state.settings.value.recording) changeSettings({ recording: true });
    host.reloadPage();
  };
  const jumpTo = (at: number): void => {
    batch(() => {
      state.following.value = false;
      state.cursor.value = at;
      const { value: span } = state.span;
      state.span.value = spanAround(span, at, JUMP_MICROS, state.extent.value);
    });
  };

  return {
    notify,
    dismiss,
    clear: () => clear(false),
    changeSettings,
    select,
    jumpTo,
    setSpan,
    pick(event) {
      batch(() => {
        if (event.place !== undefined) state.picked.value = event;
        jumpTo(event.at);
      });
    },
    async compareWith(event) {
      const first = state.picked.value;
      if (first === undefined) return;
      const answer = await client.ask({ ask: 'compare', first, second: event });
      if (state.picked.value !== first) return;
      if (answer.ok) state.comparison.value = answer.value;
      else notify('error', answer.error);
    },
    closeComparison() {
      state.comparison.value = undefined;
    },
    toggleRecording() {
      changeSettings({ recording: !state.settings.value.recording });
    },
    reloadAndRecord,
    show(pane) {
      state.pane.value = pane;
    },
    chooseHeap,
    toggleGroup(id) {
      const toggled = new Set(state.heapChoice.value.toggled);
      if (!toggled.delete(id)) toggled.add(id);
      chooseHeap({ toggled: [...toggled] });
    },
    stepHeap(step) {
      const lines = heapLines(state.heap.value);
      const at = selectedLine(lines, state.selectedEntity.value, state.selectedFinding.value);
      const next = stepLine(lines, at, step);
      const target = next && targetOf(next);
      if (target !== undefined) select(target);
    },
    async recordHeap() {
      changeSettings({ memory: 'heap' });
      // The page asks for what is stored.
      await storeSettings(state.settings.value);
      reloadAndRecord();
    },
    async openFile(file) {
      if (file.size > LIMITS.sessionFileBytes) {
        notify('error', `${file.name} is larger than a session file may be.`);
        return;
      }
      const bytes = new Uint8Array(await file.arrayBuffer());
      const result = await client.ask({ ask: 'open', name: file.name, bytes }, [bytes.buffer]);
      if (!result.ok) {
        notify('error', `${file.name} is not a session that can be opened: ${result.error}`);
        return;
      }
      batch(() => {
        state.selection.value = undefined;
        state.touched.value = false;
        forgetHeap();
        forgetPlaces();
        state.following.value = false;
        state.span.value = fitSpan(state.session.value.now, state.session.value.since);
      });
    },
    closeFile() {
      client.tell({ kind: 'close-file' });
      batch(() => {
        state.selection.value = undefined;
        state.touched.value = false;
        forgetHeap();
        forgetPlaces();
        state.following.value = state.inspecting;
      });
    },
    async exportSession() {
      const bytes = await runExport('Export session', 'session');
      if (bytes !== undefined) downloadBytes(bytes, sessionFileName('lifeline'));
    },
    async exportTrace() {
      const bytes = await runExport('Export trace', 'trace');
      if (bytes !== undefined) downloadBytes(bytes, sessionFileName('pftrace'));
    },
    async openPerfetto() {
      const url = await client.ask({ ask: 'perfetto-url' });
      if (!url.ok) return notify('error', url.error);
      const opened = await openInPerfetto(url.value, () => runExport('Open in Perfetto', 'trace'));
      if (!opened.ok) notify('error', opened.error);
    },
    stepFinding(step) {
      const { value: chosen } = state.selectedFinding;
      const next = stepFinding(state.findings.value, chosen?.id, step);
      if (next !== undefined) select({ kind: 'finding', id: next.id });
    },
    stepRow(step) {
      const rows = state.rows.value;
      const at = rows.findIndex(({ row }) => row.key === state.selectedRow.value);
      const next = rows[at < 0 ? 0 : Math.min(Math.max(at + step, 0), rows.length - 1)];
      if (next !== undefined) select({ kind: 'row', key: next.row.key });
    },
    zoom(factor, anchor) {
      const { value: span } = state.span;
      if (anchor === undefined && state.following.value) {
        const longest = fitSpan(state.extent.value);
        const length = Math.min((span.to - span.from) * factor, longest.to - longest.from);
        state.followLength.value = Math.max(length, MIN_SPAN_MICROS);
        followNow(state);
        return;
      }
      const at = anchor ?? state.cursor.value ?? timeAt(span, 1, 0.5);
      const inside = at >= span.from && at <= span.to ? at : timeAt(span, 1, 0.5);
      setSpan(zoomSpan(span, factor, inside, state.extent.value));
    },
    pan(shareOfSpan) {
      const { value: span } = state.span;
      setSpan(panSpan(span, (span.to - span.from) * shareOfSpan, state.extent.value));
    },
    fit() {
      setSpan(fitSpan(state.session.value.now, state.session.value.since));
    },
    follow(on) {
      batch(() => {
        state.following.value = on;
        if (on) followNow(state);
      });
    },
    toggleFold(key) {
      const folded = new Set(state.folded.value);
      if (!folded.delete(key)) folded.add(key);
      state.folded.value = folded;
    },
    openSource(url, line, column) {
      if (!host.openSource(url, line, column)) {
        notify('info', 'Sources opens only beside an inspected page.');
      }
    },
  };
}
