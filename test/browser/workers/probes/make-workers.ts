/** All ways of making a worker, right and wrong. Runs in the page. */
export async function makeWorkers(): Promise<{ readonly order: readonly string[] }> {
  const attempt = (run: () => unknown): string => {
    try {
      const made = run();
      return made instanceof Worker ? 'a worker' : String(made);
    } catch (error) {
      return `${(error as Error).constructor.name}: ${error}`;
    }
  };
  const Any = Worker as unknown as new (...args: unknown[]) => Worker;
  const script = '/folder/blob.js';
  const order: string[] = [];
  const options = {
    get type() {
      order.push('type');
      return 'classic';
    },
    get name() {
      order.push('name');
      return 'n';
    },
    get credentials() {
      order.push('credentials');
      return 'omit';
    },
  };
  const url = {
    toString() {
      order.push('url');
      return script;
    },
  };
  const ordered = attempt(() => new Any(url, options));
  class Derived extends Worker {
    readonly kind = 'derived';
  }
  const derived = new Derived(script);
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, 'Worker');
  const worker = new Worker(script);
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  const { port1, port2 } = new MessageChannel();
  const posts = [
    () => worker.postMessage(cyclic),
    () => worker.postMessage(() => undefined),
    () => worker.postMessage(Symbol('x')),
    () => worker.postMessage(1, [port1]),
    () => worker.postMessage(1, [port1]),
    () => worker.postMessage(1, { transfer: [port2] }),
    () => worker.postMessage(new Blob(['x']), 5 as never),
    () => (worker.postMessage as () => void)(),
    () => Worker.prototype.postMessage.call({} as never, 1),
    () => port2.postMessage(new Proxy({}, {})),
    () => port2.postMessage(document.body),
    () => new BroadcastChannel('x').postMessage(document.body),
    () =>
      worker.postMessage({
        get bad() {
          throw new RangeError('mine');
        },
      }),
  ].map(attempt);
  return {
    order,
    ...{
      ordered,
      posts,
      wrong: [
        () => new Any(),
        () => new Any(Symbol('x')),
        () =>
          new Any({
            toString: () => {
              throw new RangeError('mine');
            },
          }),
        () => new Any('http://['),
        () => new Any('http://elsewhere.invalid/x.js'),
        () => new Any('data:text/javascript,1'),
        () => new Any(script, { type: 'wrong' }),
        () => new Any(script, { type: Symbol('x') }),
        () => new Any(script, { credentials: 'wrong' }),
        () => new Any(script, { name: { toString: () => 'n' } }),
        () =>
          new Any(script, {
            get name() {
              throw new RangeError('mine');
            },
          }),
        () => new Any(script, 5),
        () => new Any(script, null),
        () => new Any(script, undefined),
        () => new Any(script, () => undefined),
        () => new Any(new URL(script, location.href)),
        () => (Worker as unknown as (url: string) => void)(script),
        () => Reflect.construct(Worker, [script], Object),
      ].map(attempt),
      derived: [derived instanceof Derived, derived.kind, Object.prototype.toString.call(derived)],
      shape: [Worker.name, Worker.length, String(Worker), Worker.prototype.constructor === Worker],
      descriptor: [descriptor?.writable, descriptor?.enumerable, descriptor?.configurable],
      own: [Object.getOwnPropertyNames(worker), Object.getOwnPropertyNames(Worker)],
      revoke: [
        String(URL.revokeObjectURL),
        URL.revokeObjectURL.length,
        attempt(() => URL.revokeObjectURL('blob:nothing')),
      ],
    },
  };
}
