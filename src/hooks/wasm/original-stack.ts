import { charCodeAt, indexOf, slice } from '../../base/intrinsics.ts';
import type { FunctionLayout } from './wasm-tag.ts';

/** Which function of the original a function of the instrumented module is; undefined: it is ours. */
function originalIndex(
  { importedFunctions, functions, shift, copies }: FunctionLayout,
  index: number,
): number | undefined {
  if (index < importedFunctions) return index;
  if (index < importedFunctions + shift) return undefined;
  if (index < functions + shift) return index - shift;
  const copied = copies[index - functions - shift];
  return copied === undefined || copied < 0 ? undefined : copied;
}

const FUNCTION = 'wasm-function[';

/**
 * Says of the functions in a stack which of the original they are; where in them is left out, for that is of the
 * instrumented module. Frames of ours lose their number.
 */
export function originalStack(stack: string, layout: FunctionLayout): string {
  let out = '';
  let from = 0;
  for (;;) {
    const found = indexOf(stack, FUNCTION, from);
    if (found < 0) return out + slice(stack, from);
    let at = found + FUNCTION.length;
    let index = 0;
    for (let digit = digitAt(stack, at); digit >= 0; digit = digitAt(stack, ++at)) {
      index = index * 10 + digit;
    }
    const original = originalIndex(layout, index);
    out += `${slice(stack, from, found)}${FUNCTION}${original ?? ''}]`;
    // Behind it `]:0x1a2b`, and the bracket of the frame.
    const next = indexOf(stack, ')', at);
    const line = indexOf(stack, '\n', at);
    from = next >= 0 && (line < 0 || next < line) ? next : line < 0 ? stack.length : line;
  }
}

function digitAt(text: string, at: number): number {
  const digit = charCodeAt(text, at) - 0x30;
  return digit >= 0 && digit <= 9 ? digit : -1;
}
