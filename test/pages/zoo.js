/**
 * What the pages of the zoo share. Nothing in here is part of any bug: it waits, it counts, it says
 * when a scenario is over.
 *
 *   document.documentElement.dataset.state   'running', then 'done' or 'failed'
 *   window.expectedCalls                     every process() call of the page, counted in the worklet
 *   window.expectedCounts                    { rule: count of its finding }, where a page knows it
 */

const page = document.documentElement;

/** Appended to every inline module: counts calls of `process()` and can hold the audio thread. */
const WARDEN = `
class Warden extends AudioWorkletProcessor {
  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      if (data === 'how many calls?') return this.port.postMessage(calls);
      Atomics.store(data, 0, 1);
      Atomics.notify(data, 0);
      while (Atomics.load(data, 0) !== 2);
      for (const end = Date.now() + data[1]; Date.now() < end; );
    };
  }
  process() {
    calls++;
    return false;
  }
}
registerProcessor('zoo-warden', Warden);
`;
const wardens = new Map();

/** Runs the page's scenario once and publishes the number of calls it resolves with. */
export async function scenario(run) {
  page.dataset.state = 'running';
  showVerdict();
  const status = document.body.appendChild(document.createElement('p'));
  status.id = 'status';
  status.textContent = 'Running …';
  try {
    window.expectedCalls = await run();
    status.textContent = 'Done.';
    if (window.expectedCalls !== undefined) {
      status.textContent += ` process() was called ${window.expectedCalls} times.`;
    }
    page.dataset.state = 'done';
  } catch (error) {
    status.textContent = `Failed: ${error}`;
    page.dataset.state = 'failed';
    throw error;
  } finally {
    const { expectedCalls: calls } = window;
    if (parent !== window) parent.postMessage({ zoo: page.dataset.state, calls }, '*');
  }
}

/** Resolves with `context` once it runs: at once where autoplay is allowed, else after a click. */
export async function running(context) {
  if (context.state === 'running') return context;
  const button = document.body.appendChild(document.createElement('button'));
  button.id = 'start';
  button.textContent = 'Start the audio';
  button.onclick = () => context.resume();
  await new Promise((resolve) => {
    context.onstatechange = () => context.state === 'running' && resolve();
  });
  context.onstatechange = null;
  button.remove();
  return context;
}

/** The page's inline worklet module as a URL. It declares `let calls = 0` and counts in `process()`. */
export function workletUrl(id = 'worklet') {
  return moduleUrl(document.getElementById(id).textContent);
}

/** The same of a module's source. */
export function moduleUrl(source) {
  return URL.createObjectURL(new Blob([source, WARDEN], { type: 'text/javascript' }));
}

/** The page's inline worker script as a URL. */
export function workerUrl(id = 'worker') {
  const source = document.getElementById(id).textContent;
  return URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
}

/**
 * A block of memory that the page shares with its processors. Without isolation nothing can be shared: there
 * a processor gets a copy.
 */
export function memoryOf(bytes) {
  return crossOriginIsolated ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
}

/** Resolves after that many milliseconds. */
export function later(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Resolves once `context` has played that many more seconds of its own time. */
export async function played(context, seconds) {
  const end = context.currentTime + seconds;
  while (context.currentTime < end) await later(5);
}

/** Resolves when a worker has answered a message. */
export function ask(worker, message) {
  return new Promise((resolve) => {
    worker.onmessage = resolve;
    worker.postMessage(message);
  });
}

/**
 * Resolves while the audio thread rests: the browser renders several quanta in a row and then waits, longest
 * with `latencyHint: 1`, nearly a fifth of a second. What the page does next collides with no call of `process()`,
 * by luck and not by order: this looks at the clock alone.
 */
export async function atRest(context) {
  for (;;) {
    const before = context.currentTime;
    while (context.currentTime === before) await later(1);
    const begun = performance.now();
    await later(3);
    if (performance.now() - begun < 8) return;
  }
}

/**
 * Runs `action` while the audio thread stands between two calls of `process()`, so that a farewell
 * collides with none by chance. It stands for `ms` milliseconds more. Only an isolated page can tell such a collision:
 * others just run it.
 */
export async function betweenCalls(context, action, ms = 0) {
  if (!crossOriginIsolated) return action();
  const flag = new Int32Array(new SharedArrayBuffer(8));
  flag[1] = ms;
  warden(context).port.postMessage(flag);
  await Atomics.waitAsync(flag, 0, 0).value;
  try {
    return action();
  } finally {
    Atomics.store(flag, 0, 2);
  }
}

/** How often `process()` ran in this context; stops it first, so that the number stands. */
export async function countCalls(context) {
  if (context.state === 'running') await context.suspend();
  const { port } = warden(context);
  const answer = new Promise((resolve) => {
    port.onmessage = ({ data }) => resolve(data);
  });
  port.postMessage('how many calls?');
  return answer;
}

/** One warden a context, never let go: it must not become a finding of its own. */
function warden(context) {
  if (!wardens.has(context)) wardens.set(context, new AudioWorkletNode(context, 'zoo-warden'));
  return wardens.get(context);
}

function showVerdict() {
  const declared = JSON.parse(document.getElementById('expect').textContent);
  const { findings, teardowns = [] } = declared.find(
    ({ isolated }) => isolated === crossOriginIsolated,
  );
  const list = document.createElement('ul');
  list.id = 'verdict';
  for (const { rule, severity, certainty, on } of findings) {
    const item = list.appendChild(document.createElement('li'));
    item.className = severity === 'info' ? 'right' : 'wrong';
    item.textContent = `Lifeline reports ${rule}${on && ` on ${on}`}: ${severity}, ${certainty}`;
  }
  if (findings.length === 0) {
    const item = list.appendChild(document.createElement('li'));
    item.className = 'right';
    item.textContent = 'Lifeline stays silent';
  }
  for (const { on, release, verdict, by, certainty } of teardowns) {
    const item = list.appendChild(document.createElement('li'));
    item.className = verdict === 'racy' ? 'wrong' : 'right';
    const how = by ? ` (${by})` : '';
    item.textContent = `The teardown of ${on} (${release}) is ${verdict}${how}: ${certainty}`;
  }
  document.querySelector('h1').after(list);
}
