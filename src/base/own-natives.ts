import { functionText, ownFunction } from './intrinsics.ts';
import type { Native } from './patch.ts';

/**
 * A function of the engine's that is taken after the page's scripts have run, for what is rarely needed: undefined
 * where anything but the engine's own stands in its place by now.
 */
export function ownNative(
  owner: object | undefined,
  name: string,
  slot: 'value' | 'get' = 'value',
): Native | undefined {
  const found = owner && ownFunction(owner, name, slot);
  if (!found) return undefined;
  const text = functionText(found as Native);
  // As V8 and as SpiderMonkey print it. What is bound, or a Proxy, has no name.
  const isOwn =
    text === `function ${slot === 'get' ? 'get ' : ''}${name}() { [native code] }` ||
    text === `function ${name}() {\n    [native code]\n}`;
  return isOwn ? (found as Native) : undefined;
}

/** The same of the prototype of an interface. */
export function ownMember(
  global: object,
  interfaceName: string,
  name: string,
  slot: 'value' | 'get',
): Native | undefined {
  const found = ownFunction(global, interfaceName, 'value') as
    | { readonly prototype?: object }
    | undefined;
  return ownNative(found?.prototype, name, slot);
}
