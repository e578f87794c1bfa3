import type { Runtime } from 'webextension-polyfill';
import { assertUnreachable } from '../base/assert.ts';
import type {
  Command,
  FrameEnvelope,
  FrameOrigin,
  FromPanel,
  ToPanel,
} from '../shared/messages.ts';

interface Frame {
  readonly port: Runtime.Port;
  readonly tabId: number;
  /** Undefined until its first envelope has named the document. */
  origin: FrameOrigin | undefined;
}

interface Panel {
  readonly port: Runtime.Port;
  readonly tabId: number;
  /** Document → the highest chunk that this panel has. */
  readonly seen: Map<string, number>;
}

/**
 * Joins the documents of a tab with the panels that inspect it. Who a port belongs to is what the
 * browser says in `sender`, never what a message says. All it knows is told again by the ports
 * themselves when they reconnect, so it may be stopped at any time.
 */
export class Switchboard {
  readonly #frames = new Set<Frame>();
  readonly #panels = new Set<Panel>();
  readonly #wake: (tabId: number) => void;

  /** `wake` asks the content scripts of a tab to connect. */
  constructor(wake: (tabId: number) => void) {
    this.#wake = wake;
  }

  addFrame(port: Runtime.Port): void {
    const { tab, frameId = 0, url = '' } = port.sender ?? {};
    if (tab?.id === undefined) {
      port.disconnect();
      return;
    }
    const frame: Frame = { port, tabId: tab.id, origin: undefined };
    this.#frames.add(frame);
    port.onDisconnect.addListener(() => {
      this.#frames.delete(frame);
      if (frame.origin) this.#tell(frame, { kind: 'frame-gone', document: frame.origin.document });
    });
    port.onMessage.addListener((value) => {
      const { document, message } = value as FrameEnvelope;
      if (!frame.origin) {
        frame.origin = { document, frameId, parentFrameId: frameId === 0 ? -1 : 0, url };
        this.#watch(frame);
      }
      if (document !== frame.origin.document) return;
      this.#tell(frame, { kind: 'frame', origin: frame.origin, message });
    });
  }

  addPanel(port: Runtime.Port): void {
    let panel: Panel | undefined;
    port.onMessage.addListener((value) => {
      const message = value as FromPanel;
      switch (message.kind) {
        case 'attach': {
          const seen = new Map(message.seen.map((each) => [each.document, each.number]));
          panel = { port, tabId: message.tabId, seen };
          this.#attach(panel);
          return;
        }
        case 'wake':
          if (panel) this.#wake(panel.tabId);
          return;
        case 'command':
          if (panel) this.#command(panel, message.document, message.command);
          return;
        default:
          assertUnreachable(message);
      }
    });
    port.onDisconnect.addListener(() => {
      if (panel) this.#detach(panel);
    });
  }

  #attach(panel: Panel): void {
    this.#panels.add(panel);
    for (const frame of this.#framesOf(panel.tabId)) this.#watch(frame);
    this.#wake(panel.tabId);
  }

  #detach(panel: Panel): void {
    this.#panels.delete(panel);
    if (this.#panelsOf(panel.tabId).length > 0) return;
    for (const frame of this.#framesOf(panel.tabId)) {
      frame.port.postMessage({ kind: 'unwatch' } satisfies Command);
    }
  }

  #command(panel: Panel, document: string | undefined, command: Command): void {
    if (command.kind === 'ack' && document !== undefined) {
      panel.seen.set(document, Math.max(panel.seen.get(document) ?? 0, command.number));
    }
    for (const frame of this.#framesOf(panel.tabId)) {
      if (document === undefined || frame.origin?.document === document) {
        frame.port.postMessage(command);
      }
    }
  }

  /** Asks for all that at least one panel of the tab does not have yet. */
  #watch(frame: Frame): void {
    const document = frame.origin?.document;
    const panels = this.#panelsOf(frame.tabId);
    if (document === undefined || panels.length === 0) return;
    const seen = Math.min(...panels.map((panel) => panel.seen.get(document) ?? 0));
    frame.port.postMessage({ kind: 'watch', from: seen + 1 } satisfies Command);
  }

  #tell(frame: Frame, message: ToPanel): void {
    for (const panel of this.#panelsOf(frame.tabId)) panel.port.postMessage(message);
  }

  #framesOf(tabId: number): readonly Frame[] {
    return [...this.#frames].filter((frame) => frame.tabId === tabId);
  }

  #panelsOf(tabId: number): readonly Panel[] {
    return [...this.#panels].filter((panel) => panel.tabId === tabId);
  }
}
