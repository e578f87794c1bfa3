import type { Panel } from '../panel-context.ts';

const ZOOM = 0.75;
const PAN = 0.15;

/** What a key means wherever the focus is, but for text fields. True: it was used. */
export function runShortcut(event: KeyboardEvent, { state, actions }: Panel): boolean {
  if (state.dialog.value !== undefined) {
    if (event.key !== 'Escape') return false;
    state.dialog.value = undefined;
    return true;
  }
  if (event.altKey) return false;
  const command = event.ctrlKey || event.metaKey;
  if (command) return runCommand(event, { state, actions });
  if (isTextField(event.target)) return false;
  switch (event.key) {
    case 'w':
    case 'W':
    case '+':
    case '=':
      actions.zoom(ZOOM);
      return true;
    case 's':
    case 'S':
    case '-':
    case '_':
      actions.zoom(1 / ZOOM);
      return true;
    case 'a':
    case 'A':
    case 'ArrowLeft':
      actions.pan(-PAN);
      return true;
    case 'd':
    case 'D':
    case 'ArrowRight':
      actions.pan(PAN);
      return true;
    case '0':
      actions.fit();
      return true;
    case 'f':
    case 'F':
      if (!state.inspecting) return false;
      actions.follow(!state.following.value);
      return true;
    case 'ArrowUp':
      if (isInDetail(event.target)) return false;
      if (state.pane.value === 'heap') actions.stepHeap(-1);
      else actions.stepRow(-1);
      return true;
    case 'ArrowDown':
      if (isInDetail(event.target)) return false;
      if (state.pane.value === 'heap') actions.stepHeap(1);
      else actions.stepRow(1);
      return true;
    case 'h':
    case 'H':
      actions.show(state.pane.value === 'heap' ? 'timeline' : 'heap');
      return true;
    case ' ': {
      const key = state.selectedRow.value;
      if (key === undefined || isActivable(event.target)) return false;
      actions.toggleFold(key);
      return true;
    }
    case 'Enter': {
      const finding = state.selectedFinding.value;
      if (finding === undefined || isActivable(event.target)) return false;
      actions.jumpTo(finding.firstAt);
      return true;
    }
    case '/':
      document.querySelector<HTMLInputElement>('#filter')?.focus();
      return true;
    case '?':
      state.dialog.value = 'help';
      return true;
    case 'Escape':
      if (state.comparison.value !== undefined) {
        actions.closeComparison();
        return true;
      }
      if (state.selection.value === undefined) return false;
      actions.select(undefined);
      return true;
    default:
      return false;
  }
}

function runCommand(
  event: KeyboardEvent,
  { state, actions }: Pick<Panel, 'state' | 'actions'>,
): boolean {
  switch (event.key.toLowerCase()) {
    case 'e':
      if (!state.inspecting) return false;
      if (event.shiftKey) actions.reloadAndRecord();
      else actions.toggleRecording();
      return true;
    case 'l':
      if (!state.inspecting) return false;
      actions.clear();
      return true;
    default:
      return false;
  }
}

function isTextField(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLTextAreaElement ||
    (target instanceof HTMLInputElement && target.type !== 'checkbox')
  );
}

/** Enter and space have a meaning of their own there. */
function isActivable(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('button, summary, a') !== null;
}

/** The detail scrolls by the arrow keys. */
function isInDetail(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('.detail') !== null;
}
