export function median(all: readonly number[]): number {
  const sorted = [...all].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

/**
 * The median of the ratios of two series that were measured in turns. What a machine does besides changes slowly, so
 * neighbours in time are compared.
 */
export function medianRatio(values: readonly number[], baselines: readonly number[]): number {
  return median(values.map((value, i) => value / (baselines[i] ?? 0)));
}
