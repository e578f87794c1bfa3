export function loudest(samples) {
  return Math.max(...samples);
}

export function quietest(samples) {
  return Math.min(...samples);
}
