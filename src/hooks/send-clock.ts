/**
 * The time of what is sent. Reading a fine clock takes as long as all else that is told of a message, so within one
 * millisecond of the coarse one it is read once.
 *
 * `fine`: microseconds. `coarse`: whole milliseconds of any origin.
 */
export function sendClock(fine: () => number, coarse: () => number): () => number {
  let micros = 0;
  let millisecond = 0;
  return () => {
    const now = coarse();
    if (now !== millisecond) {
      millisecond = now;
      micros = fine();
    }
    return micros;
  };
}
