/**
 * Runs in any realm: sets handlers and listeners of `target` in every order, with a message after each step, and
 * gives what was heard of it. `post` sends one to `target`, which somebody always hears; `pause` lets a while pass.
 */
export const SET_HANDLERS = `
async function setHandlers(target, post, pause) {
  const log = [];
  const named = (name) => function (...args) {
    const [event] = args;
    const isPlain = this === target && args.length === 1 && event.isTrusted && event.target === target;
    log.push((isPlain ? '' : 'odd ') + name + event.data);
  };
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(named);
  const object = { handleEvent: named('object') };
  const steps = [
    () => { target.onmessage = a; },
    () => { target.onmessage = b; },
    () => target.addEventListener('message', c),
    () => { target.onmessage = null; },
    () => { target.onmessage = a; },
    () => { target.onmessage = b; },
    () => { target.onmessage = object; },
    () => { target.onmessage = a; },
    () => { target.onmessage = 5; },
    () => target.addEventListener('message', d),
    () => { target.onmessage = b; },
    () => target.removeEventListener('message', c),
    () => { target.onmessage = (event) => { log.push('stop' + event.data); event.stopImmediatePropagation(); }; },
    () => target.removeEventListener('message', d),
  ];
  const values = new Map([[a, 'a'], [b, 'b'], [object, 'object'], [null, 'null']]);
  for (let n = 0; n < steps.length; n++) {
    steps[n]();
    log.push('is ' + (values.get(target.onmessage) ?? typeof target.onmessage));
    post(n);
    while (!log.some((each) => each.endsWith(n))) await pause();
  }
  return log;
}
function task() {
  return new Promise((done) => setTimeout(done, 20));
}
/** On a port of this realm's own. */
function setPortHandlers() {
  const { port1, port2 } = new MessageChannel();
  return setHandlers(port1, (n) => port2.postMessage(n), task);
}
`;

export const HANDLER_FILES = {
  '/handlers.js': SET_HANDLERS,
  '/handlers-worker.js': `
    ${SET_HANDLERS}
    (async () => {
      const own = await setPortHandlers();
      const scope = await setHandlers(self, (n) => postMessage({ echo: n }), task);
      postMessage({ own, scope });
    })();
  `,
  '/echo-worker.js':
    'addEventListener("message", ({ data }) => postMessage(data)); new BroadcastChannel("echo").postMessage("ready")',
  // There are no timers in this scope: another port says when a while has passed.
  '/handlers-processor.js': `
    ${SET_HANDLERS}
    let timer;
    registerProcessor('timer', class extends AudioWorkletProcessor {
      constructor() {
        super();
        timer = this.port;
        timer.start();
      }
      process() { return true; }
    });
    function pause() {
      timer.postMessage(0);
      return new Promise((done) => timer.addEventListener('message', done, { once: true }));
    }
    registerProcessor('handlers', class extends AudioWorkletProcessor {
      constructor() {
        super();
        this.run();
      }
      async run() {
        const log = await setHandlers(this.port, (n) => this.port.postMessage({ echo: n }), pause);
        this.port.postMessage({ processor: log });
      }
      process() { return true; }
    });
    registerProcessor('echo', class extends AudioWorkletProcessor {
      constructor() {
        super();
        this.port.addEventListener('message', ({ data }) => this.port.postMessage(data));
        this.port.start();
      }
      process() { return true; }
    });
  `,
};

interface HandlerWindow {
  setHandlers(
    target: object,
    post: (n: number) => void,
    pause: () => Promise<void>,
  ): Promise<readonly string[]>;
  setPortHandlers(): Promise<readonly string[]>;
  task(): Promise<void>;
}

type Logs = { [where: string]: readonly string[] };

/** Runs in a page that has `/handlers.js`: the same on every kind of object that has `onmessage`. */
export async function setAllHandlers(): Promise<Logs> {
  const { setHandlers, setPortHandlers, task } = globalThis as unknown as HandlerWindow;
  const answer = (other: Worker | MessagePort): Promise<Logs> =>
    new Promise((done) => {
      other.addEventListener('message', (event) => {
        const { data } = event as MessageEvent;
        if ('echo' in data) other.postMessage(data.echo);
        else done(data);
      });
      if (other instanceof MessagePort) other.start();
    });

  const early = await setPortHandlers();
  const context = new AudioContext();
  await context.audioWorklet.addModule('/handlers-processor.js');
  const late = await setPortHandlers();
  const inWorker = await answer(new Worker('/handlers-worker.js'));
  const timer = new AudioWorkletNode(context, 'timer').port;
  timer.onmessage = async () => {
    await task();
    timer.postMessage(0);
  };
  const inScope = await answer(new AudioWorkletNode(context, 'handlers').port);
  const ready = new Promise((done) =>
    new BroadcastChannel('echo').addEventListener('message', done),
  );
  const echo = new Worker('/echo-worker.js');
  await ready;
  const worker = await setHandlers(echo, (n) => echo.postMessage(n), task);
  const { port } = new AudioWorkletNode(context, 'echo');
  const node = await setHandlers(port, (n) => port.postMessage(n), task);
  await context.close();
  return {
    early,
    late,
    worker,
    node,
    'own port of a worker': inWorker['own'] ?? [],
    'worker scope': inWorker['scope'] ?? [],
    processor: inScope['processor'] ?? [],
  };
}
