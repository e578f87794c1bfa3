import { parseStack, type StackFrame } from '../stack.ts';
import { CALLSTACK, FRAME, INTERNED, INTERNED_ENTRY, MAPPING } from './fields.ts';
import { ProtoWriter } from './proto-writer.ts';

type StringTable = 'categories' | 'names' | 'annotationNames' | 'functionNames' | 'sourcePaths';

/**
 * The interned data of one packet sequence: each string, frame and call stack travels once and goes
 * by a small number afterwards. What is new waits in `pending` for the packet that needs it.
 */
export class Interner {
  /** Fields of an `InternedData` message not written yet. */
  readonly pending = new ProtoWriter(1024);
  readonly #strings: { readonly [T in StringTable]: Map<string, number> } = {
    categories: new Map(),
    names: new Map(),
    annotationNames: new Map(),
    functionNames: new Map(),
    sourcePaths: new Map(),
  };
  readonly #frames = new Map<string, number>();
  readonly #callstacks = new Map<string, number>();
  #hasMapping = false;

  string(table: StringTable, value: string): number {
    const known = this.#strings[table].get(value);
    if (known !== undefined) return known;
    const iid = this.#strings[table].size + 1;
    this.#strings[table].set(value, iid);
    this.pending.begin(INTERNED[table]);
    this.pending.uint(INTERNED_ENTRY.iid, iid);
    this.pending.text(INTERNED_ENTRY.value, value);
    this.pending.end();
    return iid;
  }

  /** The number of a stack as the engine printed it; undefined when it holds no frame. */
  callstack(stack: string): number | undefined {
    const known = this.#callstacks.get(stack);
    if (known !== undefined) return known;
    const frames = parseStack(stack);
    if (frames.length === 0) return undefined;
    // Perfetto wants the outermost frame first, engines print the innermost first.
    const iids = frames.map((frame) => this.#frame(frame)).reverse();
    const iid = this.#callstacks.size + 1;
    this.#callstacks.set(stack, iid);
    this.pending.begin(INTERNED.callstacks);
    this.pending.uint(CALLSTACK.iid, iid);
    for (const frame of iids) this.pending.uint(CALLSTACK.frameIds, frame);
    this.pending.end();
    return iid;
  }

  #frame({ name, url, line, text }: StackFrame): number {
    const known = this.#frames.get(text);
    if (known !== undefined) return known;
    if (!this.#hasMapping) {
      // A frame without a mapping is dropped by the trace processor of 2025.
      this.pending.begin(INTERNED.mappings);
      this.pending.uint(MAPPING.iid, 1);
      this.pending.end();
      this.#hasMapping = true;
    }
    const functionName = this.string('functionNames', name);
    const sourcePath = url === '' ? 0 : this.string('sourcePaths', url);
    const iid = this.#frames.size + 1;
    this.#frames.set(text, iid);
    this.pending.begin(INTERNED.frames);
    this.pending.uint(FRAME.iid, iid);
    this.pending.uint(FRAME.functionNameId, functionName);
    this.pending.uint(FRAME.mappingId, 1);
    // Frames are told apart by mapping and relative address.
    this.pending.uint(FRAME.relPc, iid);
    if (sourcePath > 0) this.pending.uint(FRAME.sourcePathIid, sourcePath);
    if (line > 0) this.pending.uint(FRAME.line, line);
    this.pending.end();
    return iid;
  }
}
