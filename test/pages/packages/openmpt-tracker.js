// What is put in front of this script defines `libopenmpt`.
const QUANTUM = 128;
const ROW_TEXT = 24;

/** Plays a song by an engine whose module the page has compiled, and spells out each row as a pattern view would. */
class Tracker extends AudioWorkletProcessor {
  constructor({ processorOptions: { module, song, spells = 'quanta' } }) {
    super();
    this.spells = spells;
    this.letters = 0;
    this.port.onmessage = () => this.stop();
    libopenmpt({ compiled: module }).then((engine) => {
      this.start(engine, song);
      this.port.postMessage('ready');
    });
  }

  start(engine, song) {
    const file = engine._malloc(song.length);
    engine.HEAPU8.set(song, file);
    this.song = engine._openmpt_module_create_from_memory(file, song.length, 0, 0, 0);
    engine._free(file);
    engine._openmpt_module_set_repeat_count(this.song, -1);
    this.samples = engine._malloc(2 * QUANTUM * Float32Array.BYTES_PER_ELEMENT);
    this.engine = engine;
  }

  stop() {
    const { engine } = this;
    this.engine = undefined;
    engine._openmpt_module_destroy(this.song);
    engine._free(this.samples);
  }

  process(_, [[left, right]]) {
    const { engine, song, samples } = this;
    if (!engine) return false;
    const second = samples + QUANTUM * Float32Array.BYTES_PER_ELEMENT;
    engine._openmpt_module_read_float_stereo(song, sampleRate, QUANTUM, samples, second);
    left.set(engine.HEAPF32.subarray(samples / 4, samples / 4 + QUANTUM));
    right.set(engine.HEAPF32.subarray(second / 4, second / 4 + QUANTUM));
    this.spellOut();
    return true;
  }

  /** Each quantum, each new row, or never: `quanta`, `rows`, `nothing`. */
  spellOut() {
    const { engine, song, spells } = this;
    const pattern = engine._openmpt_module_get_current_pattern(song);
    const row = engine._openmpt_module_get_current_row(song);
    if (spells === 'nothing' || (spells === 'rows' && row === this.row)) return;
    this.row = row;
    for (let channel = 0; channel < 4; channel++) {
      const text = engine._openmpt_module_format_pattern_row_channel(
        song,
        pattern,
        row,
        channel,
        ROW_TEXT,
        1,
      );
      this.letters += engine.HEAPU8[text];
      engine._openmpt_free_string(text);
    }
  }
}
registerProcessor('tracker', Tracker);
