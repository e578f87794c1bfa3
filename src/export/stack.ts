export interface StackFrame {
  /** The function, or `(anonymous)`. */
  readonly name: string;
  /** The script; empty when the engine gave none. */
  readonly url: string;
  /** From 1; 0 when the engine gave none. */
  readonly line: number;
  readonly column: number;
  /** The line as the engine printed it, without its margin. */
  readonly text: string;
}

const ANONYMOUS = '(anonymous)';

/**
 * The frames of a stack, innermost first, from what V8 (`    at name (url:line:column)`) and
 * SpiderMonkey and JavaScriptCore (`name@url:line:column`) print. Lines that are neither, such as
 * the message of the error, are left out.
 */
export function parseStack(stack: string): readonly StackFrame[] {
  const frames: StackFrame[] = [];
  for (const line of stack.split('\n')) {
    const frame = parseFrame(line.trim());
    if (frame !== undefined) frames.push(frame);
  }
  return frames;
}

function parseFrame(text: string): StackFrame | undefined {
  if (text.startsWith('at ')) {
    const rest = text.slice(3);
    const open = rest.endsWith(')') ? rest.indexOf(' (') : -1;
    if (open < 0) return { name: ANONYMOUS, ...parsePlace(rest.replace(/^async /, '')), text };
    return { name: rest.slice(0, open), ...parsePlace(rest.slice(open + 2, -1)), text };
  }
  const sign = text.indexOf('@');
  if (sign < 0) return undefined;
  const place = parsePlace(text.slice(sign + 1));
  if (place.line === 0) return undefined;
  return { name: text.slice(0, sign) || ANONYMOUS, ...place, text };
}

function parsePlace(place: string): {
  readonly url: string;
  readonly line: number;
  readonly column: number;
} {
  const match = /^(.*?)(?::(\d+))?(?::(\d+))?$/.exec(place);
  return {
    url: match?.[1] ?? place,
    line: Number(match?.[2] ?? 0),
    column: Number(match?.[3] ?? 0),
  };
}
