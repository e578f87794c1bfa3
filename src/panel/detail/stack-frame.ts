/** A line of a stack as engines print it, taken apart; `place` only where it names a URL. */
export interface StackFrame {
  readonly text: string;
  readonly fn: string;
  readonly place:
    | {
        readonly url: string;
        /** From 1. */
        readonly line: number;
        readonly column: number;
      }
    | undefined;
}

/** `at name (url:line:column)` of V8 and `name@url:line:column` of SpiderMonkey. */
const V8 = /^\s*(?:at\s+)?(?:(.*?)\s+\()?(\S+?):(\d+):(\d+)\)?\s*$/u;
const SPIDERMONKEY = /^\s*([^@]*)@(\S+?):(\d+):(\d+)\s*$/u;
/** Sources may be asked for these; a page cannot make us open anything else. */
const SCHEMES: readonly string[] = ['http:', 'https:', 'file:', 'blob:', 'webpack:'];
const MAX_UNITS = 2048;

export function parseStackFrame(text: string): StackFrame {
  const line = text.trim().slice(0, MAX_UNITS);
  const match = (line.startsWith('at ') ? undefined : SPIDERMONKEY.exec(line)) ?? V8.exec(line);
  const url = match?.[2];
  const bare = line.replace(/^at\s+/u, '');
  if (match === null || url === undefined || !isSource(url)) {
    return { text: line, fn: bare, place: undefined };
  }
  return {
    text: line,
    fn: match[1] === undefined || match[1] === '' ? '(anonymous)' : match[1],
    place: { url, line: Number(match[3]), column: Number(match[4]) },
  };
}

function isSource(url: string): boolean {
  return URL.canParse(url) && SCHEMES.includes(new URL(url).protocol);
}

/** `file.js:12:3`, as short as tells frames apart. */
export function shortPlace({ url, line, column }: NonNullable<StackFrame['place']>): string {
  const path = url.replace(/[?#].*$/u, '');
  const name = path.slice(path.lastIndexOf('/') + 1);
  return `${name === '' ? new URL(url).host : name}:${line}:${column}`;
}
