type Seen = { readonly [what: string]: unknown };

/** Workers that do not load, or fail on the way: every event that comes of it. Runs in the page. */
export async function failWorkers(): Promise<{ readonly [which: string]: readonly Seen[] }> {
  const scripts = [
    ['missing.js', 'classic'],
    ['syntax.js', 'classic'],
    ['throws.js', 'classic'],
    ['throws-later.js', 'classic'],
    ['imports-syntax.js', 'classic'],
    ['imports-throws.js', 'classic'],
    ['missing.js', 'module'],
    ['syntax.js', 'module'],
    ['throws.js', 'module'],
    ['throws-later.js', 'module'],
  ] as const;
  const out: { [which: string]: readonly Seen[] } = {};
  for (const [script, type] of scripts) {
    const seen: Seen[] = [];
    const tell =
      (where: string, handles: boolean) =>
      (event: Event): void => {
        const { message, filename, lineno, colno, error } = event as ErrorEvent;
        const kind = event.constructor.name;
        const { type, bubbles, cancelable, defaultPrevented } = event;
        seen.push({ where, kind, type, bubbles, cancelable, defaultPrevented });
        if (event instanceof ErrorEvent) {
          seen.push({ message, filename, lineno, colno, error: String(error) });
        }
        if (handles) event.preventDefault();
      };
    const onWindow = tell('window', true);
    addEventListener('error', onWindow);
    for (const handles of [false, true]) {
      const worker = new Worker(`/folder/${script}`, { type });
      worker.addEventListener('error', tell('listener', false));
      const failed = new Promise((resolve) => {
        const told = tell('handler', handles);
        worker.onerror = (event) => resolve(told(event as ErrorEvent));
      });
      worker.postMessage('go');
      await failed;
      // The window's event follows at once, where there is one, and so would a second failure.
      await new Promise((done) => setTimeout(done, 100));
      worker.terminate();
    }
    removeEventListener('error', onWindow);
    out[`${type} ${script}`] = seen;
  }
  return out;
}
