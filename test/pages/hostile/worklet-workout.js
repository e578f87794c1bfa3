import './sentry.js';

/** How many times each processor was called, by name. */
const calls = {};
globalThis.workoutCalls = calls;

class Answering extends AudioWorkletProcessor {
  constructor(options) {
    super();
    this.name = options.processorOptions.name;
    calls[this.name] = 0;
    this.port.onmessage = ({ data }) => {
      if (data === 'seen?') this.port.postMessage({ seen: globalThis.sentry.seen, calls });
      else if (data?.watch) globalThis.sentry.watch(data.watch);
      else this.port.postMessage(data);
    };
  }

  process() {
    calls[this.name]++;
    return true;
  }
}
registerProcessor('answering', Answering);

class Throwing extends AudioWorkletProcessor {
  process() {
    calls.throwing = (calls.throwing ?? 0) + 1;
    throw new TypeError('thrown on purpose');
  }
}
registerProcessor('throwing', Throwing);

class Refusing extends AudioWorkletProcessor {
  constructor() {
    super();
    throw new RangeError('refused on purpose');
  }
}
registerProcessor('refusing', Refusing);

class Getting extends Answering {
  get process() {
    return super.process;
  }
}
registerProcessor('getting', Getting);
