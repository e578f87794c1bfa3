import { defineProperty, freeze, isSafeInteger } from '../base/intrinsics.ts';

/** The global that pages may call, present in every realm; absent without the extension. */
export const ANNOTATIONS_GLOBAL = '__lifeline__';

/** What a realm does with the page's annotations. Called with whatever the page passed. */
export interface AnnotationSink {
  destroy(node: unknown): void;
  alloc(buffer: object, offset: number, length: number, label: string): void;
  free(buffer: object, offset: number): void;
}

/**
 * Puts `__lifeline__` on the global object, not enumerable. Its functions return nothing, throw
 * nothing and ignore what makes no sense: `destroy(node)`, `alloc(buffer, byteOffset, byteLength,
 * label)`, `free(buffer, byteOffset)`. It stays: a page that has kept one may call it for ever.
 */
export function installAnnotations(global: object, sink: AnnotationSink): void {
  const object = freeze({
    __proto__: null,
    destroy(node: unknown): void {
      sink.destroy(node);
    },
    alloc(buffer: unknown, offset: unknown, length: unknown, label: unknown): void {
      if (!isObject(buffer) || !isOffset(offset) || !isOffset(length)) return;
      sink.alloc(buffer, offset, length, typeof label === 'string' ? label : '');
    },
    free(buffer: unknown, offset: unknown): void {
      if (isObject(buffer) && isOffset(offset)) sink.free(buffer, offset);
    },
  });
  defineProperty(global, ANNOTATIONS_GLOBAL, {
    __proto__: null,
    value: object,
    configurable: true,
    writable: true,
  } as PropertyDescriptor);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isOffset(value: unknown): value is number {
  return isSafeInteger(value) && (value as number) >= 0;
}
