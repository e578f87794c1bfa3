/** Where a ProTracker module holds what, in bytes. */
const TITLE = 20;
const SAMPLES = 31;
const SAMPLE_HEADER = 30;
const ORDERS_AT = TITLE + SAMPLES * SAMPLE_HEADER;
const PATTERN_AT = ORDERS_AT + 134;
const [ROWS, CHANNELS, CELL] = [64, 4, 4];
const PATTERN = ROWS * CHANNELS * CELL;

const PERIODS = [428, 381, 339, 320, 285, 254, 226, 214];
const VIBRATO = 0x4;

/** A song for trackers: four channels, a pattern of eight bars, a triangle as the only sample. */
export function trackerSong() {
  const wave = Int8Array.from({ length: 64 }, (_, i) => 4 * Math.abs(32 - i) - 64);
  const song = new Uint8Array(PATTERN_AT + PATTERN + wave.length);
  const view = new DataView(song.buffer);
  view.setUint16(TITLE + 22, wave.length / 2);
  song[TITLE + 25] = 48; // volume
  view.setUint16(TITLE + 28, wave.length / 2); // it loops
  song[ORDERS_AT] = 1;
  song.set(
    [...'M.K.'].map((letter) => letter.charCodeAt(0)),
    PATTERN_AT - 4,
  );
  for (let row = 0; row < ROWS; row++) {
    for (let channel = 0; channel < CHANNELS; channel++) {
      if (row % (channel + 1) !== 0) continue;
      const at = PATTERN_AT + (row * CHANNELS + channel) * CELL;
      view.setUint16(at, PERIODS[(row + 2 * channel) % PERIODS.length]);
      view.setUint16(at + 2, (1 << 12) | (VIBRATO << 8) | 0x42);
    }
  }
  song.set(new Uint8Array(wave.buffer), PATTERN_AT + PATTERN);
  return song;
}
