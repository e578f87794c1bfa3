class FromServer extends AudioWorkletProcessor {
  constructor() {
    super();
    this.calls = 0;
    this.port.onmessage = () => this.port.postMessage(this.calls);
  }

  process() {
    this.calls++;
    return true;
  }
}
registerProcessor('from-server', FromServer);
