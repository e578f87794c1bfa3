import { effect } from '@preact/signals';
import { render } from 'preact';
import type { Command } from '../shared/messages.ts';
import { createAutomation } from './automation-host.ts';
import { connectBridge } from './bridge.ts';
import { connectHost } from './devtools-host.ts';
import { PageLink } from './page-link.ts';
import { createPanelActions } from './panel-actions.ts';
import type { Panel } from './panel-context.ts';
import { createPanelState, showSession } from './panel-state.ts';
import { loadSettings } from './stored-settings.ts';
import { App } from './views/app.tsx';
import { WorkerClient } from './worker-client.ts';

const host = connectHost(location.search);
const state = createPanelState(host.tabId !== undefined);
const worker = new Worker(new URL('./worker/main.ts', import.meta.url), { type: 'module' });
const client = new WorkerClient(worker, {
  session: (session) => showSession(state, session),
  geometry: (geometry) => {
    state.geometry.value = geometry;
  },
  fault,
});

let send: (command: Command, document?: string) => void = () => undefined;
const actions = createPanelActions(state, client, host, (command) => send(command));
const panel: Panel = { state, actions, client, timeline: { current: undefined } };
const link =
  host.tabId === undefined
    ? undefined
    : new PageLink({
        send: (command, document) => send(command, document),
        ingest: (inputs, transfer) => client.tell({ kind: 'ingest', inputs }, transfer),
        settings: () => state.settings.value,
        onDocuments: (documents) => {
          state.documents.value = documents;
        },
        onUnreachable: (unreachable) => {
          state.unreachable.value = unreachable;
        },
        onFault: fault,
      });

globalThis.addEventListener('error', (event) => fault(event.message));
globalThis.addEventListener('unhandledrejection', (event) => fault(String(event.reason)));
host.watchTheme((theme) => {
  document.documentElement.dataset['theme'] = theme;
  state.theme.value = theme;
});
effect(() => followSelection());
effect(() => selectFirst());
globalThis.lifelinePanel = createAutomation(panel, link);
const root = document.querySelector('#app');
if (root !== null) render(<App panel={panel} />, root);
void start();

async function start(): Promise<void> {
  state.settings.value = await loadSettings();
  if (host.tabId === undefined || link === undefined) return;
  const bridge = connectBridge({
    tabId: host.tabId,
    onMessage: (message) => link.receive(message),
    onStatus: (status) => {
      state.status.value = status;
    },
  });
  send = (command, document) => bridge.send(command, document);
}

/** Keeps the detail of the selected entity as fresh as the session. */
function followSelection(): void {
  const entity = state.selectedEntity.value;
  void state.session.value;
  if (entity === undefined) {
    state.detail.value = undefined;
    return;
  }
  void client.ask({ ask: 'detail', entity }).then((answer) => {
    if (state.selectedEntity.peek() !== entity || !answer.ok) return;
    state.detail.value = answer.value;
    const chosen = state.selection.peek();
    if (answer.value === undefined && chosen?.kind === 'heap') state.selection.value = undefined;
  });
}

/** Shows the first finding by itself, where that hides nothing, until the user selects something. */
function selectFirst(): void {
  const first = state.findings.value[0];
  if (first === undefined || state.selection.value !== undefined || state.touched.value) return;
  if (matchMedia('(width >= 700px)').matches)
    state.selection.value = { kind: 'finding', id: first.id };
}

function fault(message: string): void {
  console.error(message);
  actions.notify('error', message.split('\n')[0] ?? message);
}
