/**
 * Wraps every function and accessor that the global object leads to, and puts accessors for many names
 * on `Object.prototype` and `Array.prototype`. All of them behave as before, and note each caller whose
 * script is an extension's. Runs in pages and in AudioWorkletGlobalScope.
 *
 *   sentry.watch(names)   from now on
 *   sentry.seen           what was called, once a place
 */
(() => {
  const { apply, construct, defineProperty, getOwnPropertyDescriptor, ownKeys } = Reflect;
  const { getPrototypeOf } = Object;
  const NativeError = Error;
  const NativeMap = Map;
  const { has, set } = Map.prototype;
  const startsWith = String.prototype.startsWith;
  const seen = [];
  const places = new NativeMap();
  const visited = new NativeMap();
  let looking = false;
  let sites;

  /** Called by V8 for every stack that is read while it stands on `Error`. */
  const prepareStackTrace = (error, callSites) => {
    if (looking) {
      sites = callSites;
      return '';
    }
    // Nobody but the sentry may have its stacks formatted by the page's code.
    note('Error.prepareStackTrace');
    let text = `${error}`;
    for (let i = 0; i < callSites.length; i++) text += `\n    at ${callSites[i]}`;
    return text;
  };

  function callerIsExtension() {
    if (looking) return false;
    looking = true;
    sites = undefined;
    const hook = { __proto__: null, value: prepareStackTrace, configurable: true, writable: true };
    const before = getOwnPropertyDescriptor(NativeError, 'prepareStackTrace');
    const limit = getOwnPropertyDescriptor(NativeError, 'stackTraceLimit');
    defineProperty(NativeError, 'prepareStackTrace', hook);
    defineProperty(NativeError, 'stackTraceLimit', {
      __proto__: null,
      value: 12,
      configurable: true,
      writable: true,
    });
    void new NativeError().stack;
    restore('prepareStackTrace', before);
    restore('stackTraceLimit', limit);
    looking = false;
    for (let i = 0; sites !== undefined && i < sites.length; i++) {
      const file = sites[i].getFileName();
      if (file === null || file === undefined) continue;
      if (apply(startsWith, file, [own])) continue;
      return apply(startsWith, file, ['chrome-extension:'])
        ? `${file}:${sites[i].getLineNumber()}:${sites[i].getColumnNumber()}`
        : false;
    }
    return false;
  }

  function restore(key, descriptor) {
    if (descriptor === undefined) Reflect.deleteProperty(NativeError, key);
    else defineProperty(NativeError, key, { __proto__: null, ...descriptor });
  }

  function note(what) {
    const place = callerIsExtension();
    if (place === false) return;
    const key = `${what} from ${place}`;
    if (apply(has, places, [key])) return;
    apply(set, places, [key, true]);
    seen[seen.length] = key;
  }

  const own = (() => {
    try {
      throw new NativeError();
    } catch (error) {
      return /(?:https?|blob|data):[^\n]*?(?=:\d+:\d+)/.exec(error.stack)[0];
    }
  })();

  function wrap(f, what) {
    return new Proxy(f, {
      __proto__: null,
      apply(_target, self, args) {
        note(what);
        return apply(f, self, args);
      },
      construct(_target, args, newTarget) {
        note(`new ${what}`);
        return construct(f, args, newTarget);
      },
    });
  }

  /** In place of the `constructor` of a prototype, which built-ins read to find the species. */
  function linkTo(constructor, what) {
    return {
      __proto__: null,
      configurable: true,
      get() {
        note(`get ${what}`);
        return constructor;
      },
      set(value) {
        defineProperty(this, 'constructor', {
          __proto__: null,
          value,
          writable: true,
          configurable: true,
        });
      },
    };
  }

  function visit(object, path, depth) {
    if (object === null || (typeof object !== 'object' && typeof object !== 'function')) return;
    if (apply(has, visited, [object])) return;
    apply(set, visited, [object, true]);
    const keys = ownKeys(object);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      const descriptor = getOwnPropertyDescriptor(object, key);
      const what = `${path}.${typeof key === 'symbol' ? key.description : key}`;
      if (key === 'prototype' || (depth === 0 && typeof descriptor.value === 'object')) {
        visit(descriptor.value, what, depth + 1);
      }
      if (depth === 0 && typeof descriptor.value === 'function') visit(descriptor.value, what, 1);
      if (!descriptor.configurable) continue;
      const changed = { __proto__: null, ...descriptor };
      let any = false;
      for (const part of ['value', 'get', 'set']) {
        if (typeof descriptor[part] !== 'function') continue;
        if (key === 'constructor') {
          replacements[replacements.length] = {
            __proto__: null,
            object,
            key,
            changed: linkTo(descriptor.value, what),
          };
          continue;
        }
        changed[part] = wrap(descriptor[part], what);
        any = true;
      }
      if (any) replacements[replacements.length] = { __proto__: null, object, key, changed };
    }
  }

  const replacements = [];

  function watch(names) {
    visit(globalThis, 'globalThis', 0);
    const Typed = getPrototypeOf(Uint8Array);
    visit(Typed, 'TypedArray', 1);
    visit(getPrototypeOf([][Symbol.iterator]()), 'ArrayIterator', 1);
    visit(getPrototypeOf(getPrototypeOf([][Symbol.iterator]())), 'Iterator', 1);
    visit(getPrototypeOf(new Map()[Symbol.iterator]()), 'MapIterator', 1);
    visit(
      getPrototypeOf(() => {}),
      'Function',
      1,
    );
    for (let i = 0; i < replacements.length; i++) {
      const { object, key, changed } = replacements[i];
      if (object === globalThis && (key === 'sentry' || key === '__lifeline__')) continue;
      defineProperty(object, key, changed);
    }
    for (const owner of [Object.prototype, Array.prototype, Function.prototype]) {
      for (const name of names) {
        if (getOwnPropertyDescriptor(owner, name) !== undefined) continue;
        const where = `${owner === Object.prototype ? 'Object' : owner === Array.prototype ? 'Array' : 'Function'}.prototype.${name}`;
        defineProperty(owner, name, {
          __proto__: null,
          configurable: true,
          get() {
            note(`get ${where}`);
            return undefined;
          },
          set(value) {
            note(`set ${where}`);
            defineProperty(this, name, {
              __proto__: null,
              value,
              writable: true,
              enumerable: true,
              configurable: true,
            });
          },
        });
      }
    }
    defineProperty(NativeError, 'prepareStackTrace', {
      __proto__: null,
      value: prepareStackTrace,
      configurable: true,
      writable: true,
    });
    return replacements.length;
  }

  defineProperty(globalThis, 'sentry', {
    __proto__: null,
    value: { __proto__: null, watch, seen },
    configurable: true,
  });
})();
