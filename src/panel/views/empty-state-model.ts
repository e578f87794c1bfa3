import { hasSomething, type PanelState } from '../panel-state.ts';

/** What the panel says while there is nothing to draw. */
export type Emptiness =
  | 'no-file'
  | 'connecting'
  | 'paused'
  | 'unreachable'
  | 'no-audio'
  /** There is something to draw. */
  | 'none';

/** `waited`: the panel has been connected long enough for a page to have answered. */
export function emptinessOf(state: PanelState, waited: boolean): Emptiness {
  if (hasSomething(state)) return 'none';
  if (!state.inspecting) return 'no-file';
  if (!state.settings.value.recording) return 'paused';
  const known = state.documents.value.size;
  if (known > 0) return 'no-audio';
  return state.unreachable.value.size > 0 || waited ? 'unreachable' : 'connecting';
}
