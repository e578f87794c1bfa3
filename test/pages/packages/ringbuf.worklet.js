import { AudioReader, ParameterReader, RingBuffer } from '/node_modules/ringbuf.js/dist/index.mjs';

const [VOLUME, RUNNING] = [0, 1];

class Player extends AudioWorkletProcessor {
  constructor({ processorOptions: { audio, changes } }) {
    super();
    this.audio = new AudioReader(new RingBuffer(audio, Float32Array));
    this.changes = new ParameterReader(new RingBuffer(changes, Uint8Array));
    this.change = { index: 0, value: 0 };
    this.settings = { [VOLUME]: 0, [RUNNING]: 1 };
  }

  process(inputs, [[samples]]) {
    while (this.changes.dequeue_change(this.change)) {
      this.settings[this.change.index] = this.change.value;
    }
    if (!this.settings[RUNNING]) return false;
    this.audio.dequeue(samples);
    for (let i = 0; i < samples.length; i++) samples[i] *= this.settings[VOLUME];
    return true;
  }
}
registerProcessor('player', Player);
