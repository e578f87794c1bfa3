import type { Result } from '../base/result.ts';
import type { Settings } from '../shared/settings.ts';
import type { PanelAutomation } from './automation.ts';
import { startExport } from './export-session.ts';
import type { PageLink } from './page-link.ts';
import type { Panel } from './panel-context.ts';
import { loadSettings, storeSettings } from './stored-settings.ts';

/** Base64 is made of groups of three bytes, so a step is a multiple of it. */
const STEP_BYTES = 3 * 8192;

export function createAutomation(panel: Panel, link: PageLink | undefined): PanelAutomation {
  const { actions, client, timeline } = panel;
  const exported = async (format: 'session' | 'trace'): Promise<string> =>
    encodeBase64(unwrap(await startExport(client, format, () => undefined).done));
  const settle = async (): Promise<void> => {
    unwrap(await client.ask({ ask: 'settle' }));
  };
  /** Gives what they were. */
  const change = async (wanted: Partial<Settings>): Promise<Settings> => {
    const before = await loadSettings();
    panel.state.settings.value = before;
    actions.changeSettings(wanted);
    await storeSettings(panel.state.settings.value);
    return before;
  };
  return {
    async flush(timeoutMs) {
      const complete = (await link?.flush(timeoutMs)) ?? true;
      await settle();
      return { complete };
    },
    setStress: async (stress) => (await change({ stress })).stress,
    setMemory: async (memory) => (await change({ memory })).memory,
    setQuarantine: async (quarantine) => (await change({ quarantine })).quarantine,
    async findings() {
      return unwrap(await client.ask({ ask: 'findings' }));
    },
    async selectFinding(id) {
      actions.select({ kind: 'finding', id });
    },
    sessionBase64: () => exported('session'),
    traceBase64: () => exported('trace'),
    async idle() {
      await settle();
      do {
        await nextFrame();
        // A hidden panel paints nothing.
      } while (!client.quiet || (!document.hidden && timeline.current?.quiet === false));
    },
  };
}

/** A frame that the browser may not paint (a hidden tab) ends by itself. */
function nextFrame(): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 100);
    requestAnimationFrame(() => {
      clearTimeout(timer);
      setTimeout(resolve, 0);
    });
  });
}

function unwrap<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

function encodeBase64(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += STEP_BYTES) {
    parts.push(btoa(String.fromCharCode(...bytes.subarray(at, at + STEP_BYTES))));
  }
  return parts.join('');
}
