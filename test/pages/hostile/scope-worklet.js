/** Processors that a sane program would not write; each tells what it saw. */
const names = [];
const add = (name, make) => {
  try {
    registerProcessor(name, make());
    names.push(name);
  } catch (error) {
    failures.push([name, error.name]);
  }
};
const failures = [];
const attempt = (f) => {
  try {
    const value = f();
    return typeof value === 'object' || typeof value === 'function' ? typeof value : String(value);
  } catch (error) {
    return error?.name ?? String(error);
  }
};

/** Writes a one into every quantum, and answers `report` with what `report()` gives. */
class Honest extends AudioWorkletProcessor {
  calls = 0;
  constructor() {
    super();
    this.port.onmessage = () => this.port.postMessage({ report: this.report(), calls: this.calls });
  }
  report() {
    return undefined;
  }
  process(_inputs, outputs) {
    this.calls++;
    outputs[0][0][0] = 1;
    return true;
  }
}

add('honest', () => Honest);
add(
  'self',
  () =>
    class extends Honest {
      process(...args) {
        if (this.inside) return super.process(...args);
        this.inside = true;
        for (let i = 0; i < 3; i++) this.process(...args);
        this.inside = false;
        return true;
      }
    },
);
add(
  'replaced during a call',
  () =>
    class extends Honest {
      process(...args) {
        this.process = (inputs, outputs) => {
          this.calls += 100;
          outputs[0][0][0] = 2;
          return true;
        };
        return super.process(...args);
      }
    },
);
add(
  'deleted during a call',
  () =>
    class extends Honest {
      process(...args) {
        super.process(...args);
        Object.setPrototypeOf(this, null);
        return true;
      }
    },
);
add(
  'getter that throws',
  () =>
    class extends Honest {
      get process() {
        throw new Error('no process today');
      }
    },
);
add(
  'getter counted',
  () =>
    class extends Honest {
      reads = 0;
      get process() {
        this.reads++;
        return super.process;
      }
      report() {
        return this.reads;
      }
    },
);
add(
  'process is no function',
  () =>
    class extends Honest {
      process = 5;
    },
);
add(
  'process is a proxy',
  () =>
    class extends Honest {
      process = new Proxy(super.process, {
        apply: (f, self, args) => Reflect.apply(f, self, args),
      });
    },
);
add(
  'process is bound',
  () =>
    class extends Honest {
      process = super.process.bind(this);
    },
);
add(
  'process is a class',
  () =>
    class extends Honest {
      process = class {};
    },
);
add(
  'throws null',
  () =>
    class extends Honest {
      process() {
        throw null;
      }
    },
);
add(
  'throws a trap',
  () =>
    class extends Honest {
      process() {
        const trap = () => {
          globalThis.sprung = true;
          return 'sprung';
        };
        throw new Proxy(
          {},
          { get: trap, getPrototypeOf: trap, getOwnPropertyDescriptor: trap, has: trap },
        );
      }
      report() {
        return globalThis.sprung;
      }
    },
);
add(
  'throws getters',
  () =>
    class extends Honest {
      process() {
        const note = () => {
          globalThis.noted = (globalThis.noted ?? 0) + 1;
          return 'noted';
        };
        const error = {
          get message() {
            return note();
          },
          get name() {
            return note();
          },
          get stack() {
            return note();
          },
          toString: note,
        };
        throw error;
      }
      report() {
        return globalThis.noted;
      }
    },
);
add(
  'throws a function',
  () =>
    class extends Honest {
      process() {
        throw Object.assign(() => {}, {
          toString: () => (globalThis.told = true),
          [Symbol.toPrimitive]: () => (globalThis.told = true),
        });
      }
      report() {
        return globalThis.told;
      }
    },
);
add(
  'returns a trap',
  () =>
    class extends Honest {
      process(...args) {
        super.process(...args);
        return {
          valueOf() {
            throw new Error('asked');
          },
          [Symbol.toPrimitive]() {
            throw new Error('asked');
          },
        };
      }
    },
);
add(
  'constructor throws',
  () =>
    class extends Honest {
      constructor() {
        super();
        throw { no: 'error' };
      }
    },
);
add(
  'constructor returns an object',
  () =>
    class extends Honest {
      constructor() {
        super();
        return { process: () => true };
      }
    },
);
add(
  'constructor returns another processor',
  () =>
    class extends Honest {
      static first;
      constructor(options) {
        super(options);
        return (this.constructor.first ??= this);
      }
    },
);
add(
  'constructor returns a proxy',
  () =>
    class extends Honest {
      constructor() {
        super();
        return new Proxy(this, {});
      }
    },
);
add(
  'no super',
  () =>
    class extends Honest {
      constructor() {
        return Object.create(Honest.prototype);
      }
    },
);
add(
  'super twice',
  () =>
    class extends AudioWorkletProcessor {
      constructor() {
        super();
        super();
      }
      process() {
        return true;
      }
    },
);
add(
  'another inside',
  () =>
    class extends Honest {
      constructor() {
        super();
        this.inner = attempt(() => new Honest());
        this.base = attempt(() => new AudioWorkletProcessor());
        this.called = attempt(() => AudioWorkletProcessor());
      }
      report() {
        return [this.inner, this.base, this.called];
      }
    },
);
add(
  'another target',
  () =>
    class extends Honest {
      constructor() {
        super();
        this.made = attempt(() => Reflect.construct(AudioWorkletProcessor, [], class Other {}));
      }
      report() {
        return this.made;
      }
    },
);
add(
  'frozen',
  () =>
    class extends Honest {
      constructor() {
        super();
        Object.defineProperty(this, 'calls', { get: () => 7, set: () => {} });
        Object.freeze(this);
      }
    },
);
add(
  'looks around',
  () =>
    class extends Honest {
      report() {
        const proto = Object.getPrototypeOf(this);
        const chain = [];
        for (let each = this; each; each = Object.getPrototypeOf(each)) {
          chain.push(Reflect.ownKeys(each).map(String).join());
        }
        return {
          chain,
          own: Reflect.ownKeys(this).map(String),
          is: [
            this instanceof Honest,
            this instanceof AudioWorkletProcessor,
            proto.constructor === this.constructor,
          ],
          base: Object.getPrototypeOf(Honest) === AudioWorkletProcessor,
          link: AudioWorkletProcessor.prototype.constructor === AudioWorkletProcessor,
          shape: [
            AudioWorkletProcessor.name,
            AudioWorkletProcessor.length,
            String(AudioWorkletProcessor),
          ],
          register: [registerProcessor.name, registerProcessor.length, String(registerProcessor)],
          post: [
            String(MessagePort.prototype.postMessage),
            MessagePort.prototype.postMessage.length,
          ],
          port: String(
            Object.getOwnPropertyDescriptor(AudioWorkletProcessor.prototype, 'port').get,
          ),
          tag: Object.prototype.toString.call(this),
          portOf: [
            {},
            null,
            AudioWorkletProcessor.prototype,
            Object.create(this),
            new Proxy(this, {}),
          ].map((each) =>
            attempt(() => Reflect.get(AudioWorkletProcessor.prototype, 'port', each)),
          ),
          twice: this.port === this.port,
          caller: attempt(() => this.process.caller),
          clone: attempt(() => this.port.postMessage(this)),
          globals: Reflect.ownKeys(globalThis)
            .map(String)
            .filter(
              (name) =>
                name !== '__lifeline__' &&
                name !== 'sprung' &&
                name !== 'noted' &&
                name !== 'told' &&
                name !== 'SharedArrayBuffer',
            )
            .sort()
            .join(),
        };
      }
    },
);
add(
  'sees no more of the stack',
  () =>
    class extends Honest {
      process(...args) {
        const before = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
        Error.prepareStackTrace = (_error, sites) => sites;
        for (const site of new Error().stack) {
          const self = attempt(() => site.getThis());
          const f = attempt(() => site.getFunction());
          if (self === 'object' || f === 'function') this.reached = [self, f];
        }
        if (before) Object.defineProperty(Error, 'prepareStackTrace', before);
        else delete Error.prepareStackTrace;
        return super.process(...args);
      }
      report() {
        return this.reached;
      }
    },
);
for (const name of [
  '',
  '__proto__',
  'constructor',
  'then',
  'toString',
  'lifeline',
  '\0',
  '\u202e\ud800',
  'n'.repeat(100_000),
]) {
  add(name, () => class extends Honest {});
}
add('honest', () => class extends Honest {});
add('proxied class', () => new Proxy(class extends Honest {}, {}));
add(
  'class with a getter for its prototype',
  () =>
    new Proxy(class extends Honest {}, {
      get(target, key, receiver) {
        globalThis.gets = `${globalThis.gets ?? ''} ${String(key)}`;
        return Reflect.get(target, key, receiver);
      },
    }),
);
add('no class', () => 5);
add(
  'no processor',
  () =>
    class {
      process() {
        return true;
      }
    },
);
add('an arrow', () => () => {});
add(
  'parameters',
  () =>
    class extends Honest {
      static get parameterDescriptors() {
        globalThis.described = (globalThis.described ?? 0) + 1;
        return [{ name: 'gain', defaultValue: 3 }];
      }
      process(inputs, outputs, { gain }) {
        super.process(inputs, outputs);
        outputs[0][0][0] = gain[0];
        return true;
      }
      report() {
        return globalThis.described;
      }
    },
);
registerProcessor(
  'lister',
  class extends AudioWorkletProcessor {
    constructor() {
      super();
      this.port.postMessage(names);
    }
    process() {
      return false;
    }
  },
);
add(
  'failures',
  () =>
    class extends Honest {
      report() {
        return {
          failures: failures.map(([name, error]) => [name.slice(0, 20), error]),
          gets: globalThis.gets,
        };
      }
    },
);
