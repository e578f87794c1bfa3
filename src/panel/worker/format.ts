/** Numbers as people read them. One place, so that every list and tooltip says them alike. */

/** A place in time, precise enough for a span of `spanMicros` to have distinct places. */
export function formatTime(micros: number, spanMicros: number): string {
  const seconds = micros / 1e6;
  if (spanMicros >= 5e6) return `${seconds.toFixed(2)} s`;
  if (spanMicros >= 5e4) return `${seconds.toFixed(3)} s`;
  return `${(micros / 1000).toFixed(spanMicros >= 5e3 ? 2 : 3)} ms`;
}

/** A place in time to the microsecond: `3.200 000 s`, with a narrow space. */
export function formatExactTime(micros: number): string {
  const digits = (Math.round(micros) / 1e6).toFixed(6);
  return `${digits.slice(0, -3)}\u202f${digits.slice(-3)} s`;
}

export function formatDuration(micros: number): string {
  if (micros < 1000) return `${Math.round(micros)} µs`;
  if (micros < 1e6) return `${trim(micros / 1000)} ms`;
  if (micros < 120e6) return `${trim(micros / 1e6)} s`;
  const minutes = Math.floor(micros / 60e6);
  return `${minutes} min ${Math.round((micros - minutes * 60e6) / 1e6)} s`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${trim(bytes / 1024)} KB`;
  return `${trim(bytes / (1024 * 1024))} MB`;
}

/** With thin spaces between groups of three digits. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+(?!\d))/g, '\u2009');
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

function trim(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
