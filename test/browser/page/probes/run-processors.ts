/** A module for an audio rendering thread: processors that look at themselves. */
export const PROBE_PROCESSORS = `
  const globals = Reflect.ownKeys(globalThis).map(String).filter((name) => name !== '__lifeline__').sort();
  const shape = (value) => value.name + '/' + value.length + ' ' + String(value);
  const flags = (object, key) => JSON.stringify(Object.getOwnPropertyDescriptor(object, key));
  const caught = (run) => { try { return String(run()); } catch (error) { return String(error); } };

  class Looker extends AudioWorkletProcessor {
    constructor(options) {
      const before = new.target === Looker;
      super(options);
      this.report = {
        before,
        globals,
        instance: this instanceof Looker && this instanceof AudioWorkletProcessor,
        prototype: Object.getPrototypeOf(this) === Looker.prototype,
        tag: Object.prototype.toString.call(this),
        ownKeys: Reflect.ownKeys(this).join(),
        samePort: this.port === this.port,
        parent: Object.getPrototypeOf(Looker) === AudioWorkletProcessor,
        link: AudioWorkletProcessor.prototype.constructor === AudioWorkletProcessor,
        shapes: [AudioWorkletProcessor, registerProcessor, MessagePort.prototype.postMessage, MessagePort.prototype.close, Function.prototype.toString].map(shape),
        portGetter: shape(Object.getOwnPropertyDescriptor(AudioWorkletProcessor.prototype, 'port').get),
        flags: [flags(globalThis, 'AudioWorkletProcessor'), flags(globalThis, 'registerProcessor'), flags(AudioWorkletProcessor.prototype, 'port')],
        foreignPort: caught(() => AudioWorkletProcessor.prototype.port),
        called: caught(() => AudioWorkletProcessor()),
        again: caught(() => new AudioWorkletProcessor()),
        clone: caught(() => this.port.postMessage(this)),
        twice: caught(() => registerProcessor('looker', Looker)),
        noName: caught(() => registerProcessor('', Looker)),
        arrow: caught(() => registerProcessor('arrow', () => 0)),
        object: caught(() => registerProcessor('object', {})),
        options: JSON.stringify(options.processorOptions),
      };
    }
    static get parameterDescriptors() { return [{ name: 'level', defaultValue: 0.5 }]; }
    process() {
      this.report.argumentCount = arguments.length;
      this.report.level = arguments[2].level[0];
      this.report.keysLater = Reflect.ownKeys(this).join();
      this.port.postMessage(this.report);
      return false;
    }
  }
  registerProcessor('looker', Looker);

  class Getter extends AudioWorkletProcessor {
    reads = 0;
    rightThis = true;
    get process() {
      this.reads++;
      return () => {
        this.port.postMessage({ reads: this.reads });
        return this.reads < 10;
      };
    }
  }
  registerProcessor('getter', Getter);

  class Replacing extends AudioWorkletProcessor {
    seen = [];
    process = () => { this.seen.push('field'); this.process = this.second; return true; };
    second() { this.seen.push('instance'); delete this.process; return true; }
  }
  Replacing.prototype.process = function () {
    this.seen.push('prototype');
    Replacing.prototype.process = function () { this.seen.push('changed'); this.port.postMessage(this.seen.join()); return false; };
    return true;
  };
  registerProcessor('replacing', Replacing);

  let only;
  registerProcessor('singleton', class extends AudioWorkletProcessor {
    constructor() {
      if (!only) {
        only = new AudioWorkletProcessor();
        only.process = function () { this.port.postMessage('called'); return false; };
      }
      return only;
    }
  });
  registerProcessor('growing', class extends AudioWorkletProcessor {
    constructor() {
      super();
      const memory = new WebAssembly.Memory({ initial: 1, maximum: 4 });
      const view = new Int32Array(memory.buffer);
      const TypedArray = Object.getPrototypeOf(Int32Array);
      const functions = () => [
        ...['set', 'fill', 'copyWithin', 'subarray', 'slice'].map((name) => [TypedArray.prototype, name]),
        ...['getInt8', 'setInt8', 'getFloat64', 'setBigInt64'].map((name) => [DataView.prototype, name]),
        ...['load', 'add', 'compareExchange'].map((name) => [Atomics, name]),
        [WebAssembly.Memory.prototype, 'grow'],
        ...['Memory', 'Module', 'Instance', 'instantiate', 'compile'].map((name) => [WebAssembly, name]),
      ].map(([owner, name]) => shape(owner[name]) + ' ' + flags(owner, name));
      const uses = () => [
        () => view.set([1]), () => view.subarray(1).length, () => view.slice(1, 3), () => view.fill(2).length,
        () => new DataView(memory.buffer).getInt8(0), () => Atomics.load(view, 1), () => view[0],
        () => new Int32Array(memory.buffer).subarray(2, 1e9).length, () => memory.buffer.byteLength,
        () => Int32Array.prototype.set.call([], [1]), () => memory.grow(9), () => memory.grow.call({}),
        () => new WebAssembly.Module(new Uint8Array(3)), () => new WebAssembly.Instance({}), () => WebAssembly.Memory(),
        () => shape(Object.getOwnPropertyDescriptor(WebAssembly.Memory.prototype, 'buffer').get),
      ].map(caught);
      const before = [functions(), uses()];
      const old = memory.grow(1);
      for (let i = 0; i < 40; i++) memory.buffer;
      this.report = { before, old, after: [functions(), uses()] };
      const empty = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
      const promise = WebAssembly.instantiate(empty);
      this.report.promise = [promise.constructor === Promise, Reflect.ownKeys(promise).length];
      promise.then((made) => {
        this.report.made = Object.keys(made).join() + ' ' + (made.instance instanceof WebAssembly.Instance);
        return WebAssembly.instantiate(made.module);
      }).then((instance) => {
        this.report.instance = Object.prototype.toString.call(instance);
        return WebAssembly.instantiate(empty.subarray(2));
      }).catch((error) => {
        this.report.error = String(error);
        this.port.postMessage(this.report);
      });
    }
    process() { return true; }
  });
  registerProcessor('object', class extends AudioWorkletProcessor { constructor() { super(); return {}; } });
  registerProcessor('no-super', class extends AudioWorkletProcessor { constructor() { return Object.create(new.target.prototype); } });
  registerProcessor('throws-first', class extends AudioWorkletProcessor { constructor() { super(); throw new Error('first'); } });
  registerProcessor('throws-later', class extends AudioWorkletProcessor { process() { throw new TypeError('later'); } });
  registerProcessor('throws-text', class extends AudioWorkletProcessor { process() { throw 'a text'; } });
  registerProcessor('getter-throws', class extends AudioWorkletProcessor { get process() { throw new Error('getter'); } });
  registerProcessor('no-process', class extends AudioWorkletProcessor {});
  registerProcessor('number-process', class extends AudioWorkletProcessor { process = 7; });
  registerProcessor('late-process', class extends AudioWorkletProcessor {
    constructor() { super(); this.port.onmessage = () => {}; setLater.push(this); }
  });
  registerProcessor('returns-object', class extends AudioWorkletProcessor { process() { return {}; } });
  registerProcessor('plain', class extends AudioWorkletProcessor { process() { return true; } });
  registerProcessor('finished', class extends AudioWorkletProcessor { process() { return false; } });
  registerProcessor('running', class extends AudioWorkletProcessor { process() { return true; } });
  registerProcessor('echo', class extends AudioWorkletProcessor {
    constructor() {
      super();
      this.port.onmessage = ({ data, target, currentTarget, ports }) => {
        this.port.postMessage({ data, same: target === this.port && currentTarget === this.port, ports: ports.length });
        if (data === 'close') this.port.close();
      };
    }
    process() { return true; }
  });
  var setLater = [];
`;

/** Runs in a page: what the processors of `PROBE_PROCESSORS` report, and the events that nodes get. */
export async function runProcessors(): Promise<Record<string, unknown>> {
  const out: Record<string, unknown> = {};
  const make = async (name: string, options?: AudioWorkletNodeOptions) => {
    const context = new OfflineAudioContext(1, 1280, 48_000);
    await context.audioWorklet.addModule('/probe.js');
    const node = new AudioWorkletNode(context, name, options);
    node.connect(context.destination);
    const said: unknown[] = [];
    const errors: string[] = [];
    node.port.onmessage = ({ data }) => said.push(data);
    node.onprocessorerror = (event) => {
      const { type, message, filename, lineno, colno, error } = event as ErrorEvent;
      errors.push([type, message, filename, lineno, colno, error].join('|'));
    };
    return { context, node, said, errors };
  };
  const settle = (): Promise<unknown> => new Promise((done) => setTimeout(done, 60));

  const looker = await make('looker', { processorOptions: { a: [1, 'b'] } });
  await looker.context.startRendering();
  await settle();
  out['looker'] = looker.said;
  out['argumentCount'] = (looker.said.at(-1) as { argumentCount: number }).argumentCount;

  const getter = await make('getter');
  await getter.context.startRendering();
  await settle();
  out['getterReads'] = (getter.said.at(-1) as { reads: number }).reads;
  out['getter'] = getter.said;

  const failing = ['object', 'no-super', 'throws-first', 'throws-later', 'throws-text'];
  const odd = ['getter-throws', 'no-process', 'number-process', 'late-process', 'returns-object'];
  for (const name of [...failing, ...odd, 'replacing']) {
    const { context, said, errors } = await make(name);
    await settle();
    const buffer = await context.startRendering();
    await settle();
    out[name] = { said, errors, length: buffer.length };
  }

  const singleton = await make('singleton');
  const twin = new AudioWorkletNode(singleton.context, 'singleton');
  twin.connect(singleton.context.destination);
  twin.port.onmessage = ({ data }) => singleton.said.push(`twin ${data}`);
  await singleton.context.startRendering();
  await settle();
  out['singleton'] = singleton.said;

  const growing = await make('growing');
  await growing.context.startRendering();
  for (let i = 0; i < 40 && growing.said.length === 0; i++) await settle();
  out['growing'] = growing.said;

  class Derived extends AudioWorkletNode {
    readonly target: unknown;
    constructor(...args: ConstructorParameters<typeof AudioWorkletNode>) {
      super(...args);
      this.target = new.target;
    }
  }
  const echo = await make('echo');
  const derived = new Derived(echo.context, 'echo');
  out['derived'] = [
    derived instanceof AudioWorkletNode,
    derived.target === Derived,
    Object.getPrototypeOf(derived) === Derived.prototype,
    Reflect.ownKeys(derived).join(),
    Reflect.ownKeys(echo.node).join(),
    Reflect.ownKeys(echo.node.port).join(),
  ];
  echo.node.port.postMessage({ n: 1 });
  echo.node.port.postMessage(new Float32Array([1, 2]).buffer, []);
  echo.node.port.postMessage('close');
  echo.node.port.postMessage('unheard');
  await settle();
  out['echo'] = echo.said;
  return out;
}
