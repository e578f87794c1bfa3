import {
  RubberBandInterface,
  RubberBandOption,
} from '/node_modules/rubberband-wasm/dist/index.esm.js';

const QUANTUM = 128;
const { RubberBandOptionProcessRealTime, RubberBandOptionEngineFiner } = RubberBandOption;

/** Shifts the pitch of what it gets, higher in each of its seconds. */
class PitchShifter extends AudioWorkletProcessor {
  constructor({ processorOptions: { module } }) {
    super();
    this.frames = 0;
    this.port.onmessage = () => this.stop();
    RubberBandInterface.initialize(module).then((library) => {
      this.start(library);
      this.port.postMessage('ready');
    });
  }

  start(library) {
    const options = RubberBandOptionProcessRealTime | RubberBandOptionEngineFiner;
    this.state = library.rubberband_new(sampleRate, 1, options, 1, 1.25);
    this.samples = library.malloc(QUANTUM * Float32Array.BYTES_PER_ELEMENT);
    this.channels = library.malloc(4);
    library.memWritePtr(this.channels, this.samples);
    this.library = library;
  }

  stop() {
    const { library } = this;
    this.library = undefined;
    library.rubberband_delete(this.state);
    library.free(this.samples);
    library.free(this.channels);
  }

  process([[input]], [[output]]) {
    const { library, state, samples, channels } = this;
    if (!library) return false;
    if (!input) return true;
    library.memWrite(samples, input);
    library.rubberband_process(state, channels, QUANTUM, 0);
    if (library.rubberband_available(state) >= QUANTUM) {
      library.rubberband_retrieve(state, channels, QUANTUM);
      output.set(library.memReadF32(samples, QUANTUM));
    }
    this.frames += QUANTUM;
    if (this.frames % 8192 === 0) {
      library.rubberband_set_pitch_scale(state, 1.25 + this.frames / 65536);
    }
    return true;
  }
}
registerProcessor('pitch-shifter', PitchShifter);
