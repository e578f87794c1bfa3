/** One origin a line, as people type them. What is no origin is named in `bad`. */
export function parseOrigins(text: string): {
  readonly origins: readonly string[];
  readonly bad: readonly string[];
} {
  const origins: string[] = [];
  const bad: string[] = [];
  for (const entry of text.split(/[\s,]+/u)) {
    if (entry === '') continue;
    const origin = originOf(entry.includes('://') ? entry : `https://${entry}`);
    if (origin === undefined) bad.push(entry);
    else if (!origins.includes(origin)) origins.push(origin);
  }
  return { origins, bad };
}

function originOf(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { origin } = new URL(text);
  return origin === 'null' ? undefined : origin;
}
