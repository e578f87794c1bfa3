/**
 * Runs in a page: everything that can be seen of the interfaces around Web Audio without making a
 * sound, as text by path.
 */
export function describeAudio(): Record<string, string> {
  const out: Record<string, string> = {};
  const window = globalThis as unknown as Record<string, unknown>;
  const describeFunction = (value: object): string => {
    const { name, length } = value as { name: string; length: number };
    return `${name}/${length} ${Function.prototype.toString.call(value)} ${Reflect.ownKeys(value).map(String).join()}`;
  };
  const describe = (value: unknown): string =>
    typeof value === 'function' ? describeFunction(value) : `${typeof value} ${String(value)}`;
  const walk = (path: string, owner: object): void => {
    for (const key of Reflect.ownKeys(owner)) {
      const descriptor = Object.getOwnPropertyDescriptor(owner, key) as PropertyDescriptor;
      const { enumerable, configurable, writable, get, set } = descriptor;
      const flags = [enumerable, configurable, writable].map(Number).join('');
      const value =
        get || set ? `${get && describe(get)} ${set && describe(set)}` : describe(descriptor.value);
      out[`${path}.${String(key)}`] = `${flags} ${value}`;
    }
  };
  const names = [
    ...['BaseAudioContext', 'AudioContext', 'OfflineAudioContext', 'AudioNode', 'AudioWorkletNode'],
    ...['AudioWorklet', 'Worklet', 'MessagePort', 'Performance', 'Function', 'AudioParamMap'],
  ];
  for (const name of names) {
    const Interface = window[name] as { prototype: object } & (() => unknown);
    const binding = Object.getOwnPropertyDescriptor(window, name) as PropertyDescriptor;
    out[name] = `${describe(Interface)} ${JSON.stringify(binding)}`;
    out[`${name} tag`] = Object.prototype.toString.call(Interface.prototype);
    out[`${name} link`] = String(
      (Interface.prototype as { constructor: unknown }).constructor === Interface,
    );
    out[`${name} parent`] = String(Object.getPrototypeOf(Interface).name);
    walk(name, Interface);
    walk(`${name}.prototype`, Interface.prototype);
    for (const [what, run] of Object.entries({
      called: () => Interface(),
      constructed: () => new (Interface as unknown as new () => object)(),
      constructedWith: () => new (Interface as unknown as new (x: unknown) => object)({}),
    })) {
      if (name === 'AudioContext' && what !== 'called') continue;
      try {
        run();
        out[`${name} ${what}`] = 'fine';
      } catch (error) {
        out[`${name} ${what}`] = String(error);
      }
    }
  }
  class Derived extends OfflineAudioContext {
    readonly target: unknown;
    constructor(...args: ConstructorParameters<typeof OfflineAudioContext>) {
      super(...args);
      this.target = new.target;
    }
  }
  const derived = new Derived(1, 128, 48_000);
  out['derived'] = [
    derived instanceof Derived,
    derived instanceof OfflineAudioContext,
    derived.target === Derived,
    Object.getPrototypeOf(derived) === Derived.prototype,
    Object.getPrototypeOf(Derived) === OfflineAudioContext,
    Reflect.ownKeys(derived).join(),
  ].join();
  const gain = new GainNode(derived);
  const attempts: Record<string, () => unknown> = {
    connectNothing: () => (gain.connect as () => unknown)(),
    connectObject: () => gain.connect({} as AudioNode),
    connectOther: () => gain.connect(new OfflineAudioContext(1, 128, 48_000).destination),
    connectIndex: () => gain.connect(derived.destination, 3),
    connected: () => gain.connect(derived.destination) === derived.destination,
    connectedParam: () => String(gain.connect(gain.gain)),
    disconnectIndex: () => gain.disconnect(7),
    disconnectOther: () => gain.disconnect(new GainNode(derived)),
    disconnected: () => gain.disconnect(),
    foreignThis: () => AudioNode.prototype.connect.call({} as AudioNode, gain.gain),
    unknownProcessor: () => new AudioWorkletNode(derived, 'unknown'),
    noName: () => new (AudioWorkletNode as unknown as new (x: unknown) => object)(derived),
    postUncloneable: () => new MessageChannel().port1.postMessage(() => 0),
    mark: () => performance.mark('a mark').name,
    markWrong: () => performance.mark('lifeline:x', { startTime: -1 }),
    toStringOfNothing: () => Function.prototype.toString.call({} as () => void),
  };
  for (const [what, run] of Object.entries(attempts)) {
    try {
      out[what] = String(run());
    } catch (error) {
      out[what] = `${error instanceof DOMException} ${String(error)}`;
    }
  }
  return out;
}
