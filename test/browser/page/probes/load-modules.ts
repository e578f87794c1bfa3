/** Runs in a page: how calls of `addModule` settle, and what of their arguments is read when. */
export async function loadModules(): Promise<Record<string, string>> {
  const out: Record<string, string> = {};
  const fresh = (): AudioWorklet => new OfflineAudioContext(1, 128, 48_000).audioWorklet;
  const blob = new Blob(['1'], { type: 'text/javascript' });
  const attempts: Record<string, () => Promise<unknown>> = {
    relative: () => fresh().addModule('sub/empty.js'),
    blob: () => fresh().addModule(URL.createObjectURL(blob)),
    data: () => fresh().addModule('data:text/javascript,1'),
    throws: () => fresh().addModule('/fails.js'),
    syntax: () => fresh().addModule('/syntax.js'),
    html: () => fresh().addModule('/nothing-here.html'),
    badUrl: () => fresh().addModule('http://'),
    badCredentials: () => fresh().addModule('/sub/empty.js', { credentials: 'all' as 'omit' }),
    badOptions: () => fresh().addModule('/sub/empty.js', 7 as WorkletOptions),
    goodOptions: () => fresh().addModule('/sub/empty.js', { credentials: 'omit' }),
    nullOptions: () => fresh().addModule('/sub/empty.js', null as unknown as WorkletOptions),
    symbol: () => fresh().addModule(Symbol('url') as unknown as string),
    nothing: () => (fresh().addModule as () => Promise<void>).call(fresh()),
    foreignThis: () => fresh().addModule.call({} as AudioWorklet, '/sub/empty.js'),
    throwingUrl: () =>
      fresh().addModule({
        toString: () => {
          throw new RangeError('no address');
        },
      } as unknown as string),
  };
  for (const [name, run] of Object.entries(attempts)) {
    try {
      const promise = run();
      if (!(promise instanceof Promise)) out[`${name} gave`] = String(promise);
      out[name] = String(await promise);
    } catch (error) {
      out[name] = String(error);
    }
  }

  const order: string[] = [];
  const counted = fresh().addModule(
    {
      toString: () => {
        order.push('url');
        return 'empty.js';
      },
    } as string,
    {
      get credentials(): RequestCredentials {
        order.push('credentials');
        return 'same-origin';
      },
    },
  );
  order.push('returned');
  const base = document.createElement('base');
  base.href = '/elsewhere/';
  const inSub = document.createElement('base');
  inSub.href = '/sub/';
  document.head.append(inSub);
  const based = fresh().addModule('empty.js');
  inSub.remove();
  document.head.append(base);
  out['conversions'] = `${order.join()} ${await counted.then(String, String)}`;
  out['base URL at the call'] = await based.then(String, String);
  base.remove();

  const worklet = fresh();
  const settled: string[] = [];
  await Promise.all(
    ['/sub/empty.js', '/probe.js', '/sub/empty.js'].map((url, i) =>
      worklet.addModule(url).then(() => settled.push(String(i))),
    ),
  );
  out['several at once'] = settled.sort().join();

  const unhandled = new Promise<string>((done) => {
    addEventListener(
      'unhandledrejection',
      (event) => {
        event.preventDefault();
        done(String(event.reason));
      },
      { once: true },
    );
    setTimeout(() => done('none'), 2000);
  });
  void fresh().addModule('http://');
  out['unhandled'] = await unhandled;
  return out;
}
