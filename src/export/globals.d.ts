/**
 * What pages, workers and Node all have and `ES2024` does not name. Nothing else may be used here:
 * the exporters run in each of them.
 */
declare const WebAssembly: {
  readonly Module: {
    new (bytes: Uint8Array<ArrayBuffer>): object;
    imports(
      module: object,
    ): readonly { readonly module: string; readonly name: string; readonly kind: string }[];
  };
  readonly Instance: {
    new (
      module: object,
      imports: { readonly [module: string]: { readonly [name: string]: unknown } },
    ): { readonly exports: { readonly [name: string]: unknown } };
  };
};

declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
  encodeInto(text: string, into: Uint8Array): { readonly read: number; readonly written: number };
}

declare class TextDecoder {
  constructor(label?: string, options?: { readonly fatal?: boolean });
  decode(bytes: Uint8Array): string;
}
