import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { PanelActions } from './panel-actions.ts';
import type { PanelState } from './panel-state.ts';
import type { TimelineController } from './timeline/timeline-controller.ts';
import type { WorkerClient } from './worker-client.ts';

export interface Panel {
  readonly state: PanelState;
  readonly actions: PanelActions;
  readonly client: WorkerClient;
  /** Set while the timeline is mounted. */
  readonly timeline: { current: TimelineController | undefined };
}

export const PanelContext = createContext<Panel | undefined>(undefined);

export function usePanel(): Panel {
  const panel = useContext(PanelContext);
  if (panel === undefined) throw new Error('usePanel outside of the panel');
  return panel;
}
