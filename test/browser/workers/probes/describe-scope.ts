/** Lets a worker describe its scope. Runs in the page. */
export async function describeScope({
  type,
  from,
}: {
  readonly type: 'classic' | 'module';
  readonly from: 'url' | 'blob' | 'nested';
}): Promise<{ readonly name: string; readonly greeting: string }> {
  const options = { type, name: 'a name' } as const;
  let url = `/folder/${type === 'module' ? 'module-worker' : 'classic'}.js?a=b`;
  if (from === 'nested') url = `/folder/nest-${type}.js`;
  if (from === 'blob') {
    const text = await (await fetch('/folder/blob.js')).text();
    url = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
  }
  const worker = new Worker(url, options);
  if (from === 'blob') URL.revokeObjectURL(url);
  worker.postMessage('hello');
  return new Promise((done) => {
    worker.onmessage = ({ data }) => done(data);
    worker.onerror = (event) => done({ name: event.type, greeting: event.message });
  });
}
