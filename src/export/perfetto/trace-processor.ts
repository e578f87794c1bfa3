import { ProtoReader } from './proto-reader.ts';
import { ProtoWriter } from './proto-writer.ts';

/** The build that this loader was written against, in hexadecimal. */
export const TRACE_PROCESSOR_SHA256 =
  'c1c25c299b74cc9b9651592c94b669c91916434a2990f214f03c8135c848d3fa';

/** Integers come as `bigint` when they leave ±2^53. */
export type Cell = null | number | bigint | string | Uint8Array;
export type Row = { readonly [column: string]: Cell };

const REQUEST_BYTES = 32 * 1024 * 1024;
const RPC = { seq: 1, request: 2, append: 101, query: 103, appendResult: 201, queryResult: 203 };
const FATAL_ERROR = 5;
const METHOD = { append: 1, finalize: 2, query: 3 };
const APPEND_ERROR = 2;
const RESULT = { columnNames: 1, error: 2, batch: 3 };
const BATCH = { cells: 1, varints: 2, floats: 3, blobs: 4, strings: 5 };
const CELL = { null: 1, varint: 2, float: 3, string: 4, blob: 5 };

type Host = (...args: readonly (number | bigint)[]) => number | bigint | undefined;
interface Engine {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly __indirect_function_table: {
    readonly length: number;
    grow(count: number): number;
    set(index: number, value: unknown): void;
  };
  emscripten_stack_init(): void;
  __wasm_call_ctors(): void;
  trace_processor_rpc_init(callback: number, bytes: number): number;
  trace_processor_on_rpc_request(length: number): void;
}

/** The compiled engine; any number of instances, one a trace, share its code. */
export interface TraceProcessorModule {
  readonly module: object;
}

/** `bytes` are those of `trace_processor.wasm`; throws when they are no WebAssembly. */
export function compileTraceProcessor(bytes: Uint8Array<ArrayBuffer>): TraceProcessorModule {
  return { module: new WebAssembly.Module(bytes) };
}

/**
 * Perfetto's trace processor: SQL over a trace. Synchronous, single-threaded and not interruptible,
 * so anything with a user belongs in a worker. After any throw but `QueryError` the instance is
 * dead.
 */
export class TraceProcessor {
  readonly #engine: Engine;
  readonly #buffer: number;
  #seq = 0;
  #pending: Uint8Array[] = [];
  readonly #stderr: string[] = [];

  constructor(module: TraceProcessorModule) {
    this.#engine = instantiate(module, (text) => this.#stderr.push(text));
    const slot = installCallback(this.#engine, (pointer, length) => {
      const bytes = new Uint8Array(this.#engine.memory.buffer, pointer >>> 0, length);
      this.#pending.push(bytes.slice());
    });
    this.#buffer = this.#engine.trace_processor_rpc_init(slot, REQUEST_BYTES) >>> 0;
  }

  /** What the engine printed, for reports of failures. */
  get log(): string {
    return this.#stderr.join('');
  }

  /** Parses a whole trace (`.pftrace`, also gzipped). Once an instance. */
  load(trace: Uint8Array): void {
    const step = REQUEST_BYTES / 2;
    for (let offset = 0; offset < trace.length; offset += step) {
      const part = trace.subarray(offset, offset + step);
      const replies = this.#request(METHOD.append, (out) => out.blob(RPC.append, part));
      for (const reply of replies) {
        const result = reply.message(RPC.appendResult);
        const error = result?.text(APPEND_ERROR);
        if (error !== undefined) throw new Error(`trace refused: ${error}`);
      }
    }
    this.#request(METHOD.finalize, () => undefined);
  }

  /** All rows of the last statement of `sql`. */
  query(sql: string): readonly Row[] {
    const replies = this.#request(METHOD.query, (out) => {
      out.begin(RPC.query);
      out.text(1, sql);
      out.end();
    });
    const columns: string[] = [];
    const rows: Row[] = [];
    for (const reply of replies) {
      const result = reply.message(RPC.queryResult);
      if (result === undefined) continue;
      const error = result.text(RESULT.error);
      if (error !== undefined && error !== '') throw new QueryError(`${error}\n  in: ${sql}`);
      columns.push(...result.texts(RESULT.columnNames));
      for (const batch of result.messages(RESULT.batch)) readBatch(batch, columns, rows);
    }
    return rows;
  }

  #request(method: number, body: (out: ProtoWriter) => void): readonly ProtoReader[] {
    const out = new ProtoWriter();
    out.begin(1);
    out.uint(RPC.seq, this.#seq++);
    out.uint(RPC.request, method);
    body(out);
    out.end();
    this.#pending = [];
    const { bytes, length } = out;
    for (let offset = 0; offset < length; offset += REQUEST_BYTES) {
      const part = bytes.subarray(offset, Math.min(offset + REQUEST_BYTES, length));
      new Uint8Array(this.#engine.memory.buffer).set(part, this.#buffer);
      this.#engine.trace_processor_on_rpc_request(part.length);
    }
    const stream = new ProtoReader(concat(this.#pending));
    const replies = stream.messages(1);
    for (const reply of replies) {
      const fatal = reply.text(FATAL_ERROR);
      if (fatal !== undefined) throw new Error(`trace processor: ${fatal}`);
    }
    return replies;
  }
}

export class QueryError extends Error {
  override readonly name = 'QueryError';
}

function readBatch(batch: ProtoReader, columns: readonly string[], rows: Row[]): void {
  const kinds = batch.packed(BATCH.cells);
  const varints = batch.packedBig(BATCH.varints);
  const floats = batch.packedDoubles(BATCH.floats);
  const strings = (batch.text(BATCH.strings) ?? '').split('\0');
  const blobs = batch.blobs(BATCH.blobs);
  let varint = 0;
  let float = 0;
  let string = 0;
  let blob = 0;
  for (let i = 0; i < kinds.length; i += columns.length) {
    const row: { [column: string]: Cell } = {};
    for (const [c, column] of columns.entries()) {
      switch (kinds[i + c]) {
        case CELL.varint: {
          const value = varints[varint++] as bigint;
          const small = Number(value);
          row[column] = Number.isSafeInteger(small) ? small : value;
          break;
        }
        case CELL.float:
          row[column] = floats[float++] as number;
          break;
        case CELL.string:
          row[column] = strings[string++] as string;
          break;
        case CELL.blob:
          row[column] = blobs[blob++] as Uint8Array;
          break;
        default:
          row[column] = null;
      }
    }
    rows.push(row);
  }
}

function instantiate({ module }: TraceProcessorModule, print: (text: string) => void): Engine {
  const engine: { current?: Engine } = {};
  const view = () => {
    if (engine.current === undefined) throw new Error('called before it was made');
    return new DataView(engine.current.memory.buffer);
  };
  const hosts = hostFunctions(view, print, (pages) => engine.current?.memory.grow(pages));
  const imports: { [module: string]: { [name: string]: Host } } = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (kind !== 'function') throw new Error(`the module imports a ${kind} named ${name}`);
    imports[from] ??= {};
    imports[from][name] = hosts[name] ?? stub(from, name);
  }
  const { exports } = new WebAssembly.Instance(module, imports);
  const made = exports as unknown as Engine;
  engine.current = made;
  made.emscripten_stack_init();
  made.__wasm_call_ctors();
  return made;
}

const PAGE_BYTES = 65_536;
const MAX_HEAP_BYTES = 2 ** 32 - PAGE_BYTES;
const NOT_IMPLEMENTED = 52;
const NO_SUCH_FILE = 44;
const WASI_BAD_FILE = 8;

/** A host function nobody needs: it says that there is no such file or no such call. */
function stub(from: string, name: string): Host {
  if (from === 'wasi_snapshot_preview1') return () => WASI_BAD_FILE;
  if (/^__syscall_(open|stat|newfstat|lstat|fstat|faccess|access|readlink)/.test(name)) {
    return () => -NO_SUCH_FILE;
  }
  if (name.startsWith('__syscall_')) return () => -NOT_IMPLEMENTED;
  return () => 0;
}

function hostFunctions(
  view: () => DataView,
  print: (text: string) => void,
  grow: (pages: number) => number | undefined,
): { readonly [name: string]: Host } {
  const die =
    (name: string): Host =>
    (...args) => {
      throw new Error(`the trace processor called ${name}(${args.join(', ')})`);
    };
  return {
    emscripten_get_now: () => Date.now(),
    emscripten_date_now: () => Date.now(),
    clock_time_get: (_clock, _precision, out) => {
      view().setBigInt64(Number(out) >>> 0, BigInt(Date.now()) * 1_000_000n, true);
      return 0;
    },
    environ_sizes_get: (count, size) => {
      view().setUint32(Number(count) >>> 0, 0, true);
      view().setUint32(Number(size) >>> 0, 0, true);
      return 0;
    },
    environ_get: () => 0,
    fd_write: (_fd, vectors, count, written) => {
      const memory = view();
      let total = 0;
      for (let i = 0; i < Number(count); i++) {
        const pointer = memory.getUint32((Number(vectors) >>> 0) + i * 8, true);
        const length = memory.getUint32((Number(vectors) >>> 0) + i * 8 + 4, true);
        print(new TextDecoder().decode(new Uint8Array(memory.buffer, pointer, length)));
        total += length;
      }
      memory.setUint32(Number(written) >>> 0, total, true);
      return 0;
    },
    emscripten_get_heap_max: () => MAX_HEAP_BYTES,
    emscripten_resize_heap: (wanted) => {
      const missing = (Number(wanted) >>> 0) - view().buffer.byteLength;
      try {
        return grow(Math.max(0, Math.ceil(missing / PAGE_BYTES))) === undefined ? 0 : 1;
      } catch (error) {
        if (error instanceof RangeError) return 0;
        throw error;
      }
    },
    emscripten_err: (pointer) => {
      const memory = new Uint8Array(view().buffer);
      const start = Number(pointer) >>> 0;
      print(`${new TextDecoder().decode(memory.slice(start, memory.indexOf(0, start)))}\n`);
      return undefined;
    },
    _tzset_js: () => undefined,
    _gmtime_js: (time, out) => {
      writeUtc(view(), Number(time), Number(out) >>> 0);
      return undefined;
    },
    _localtime_js: (time, out) => {
      writeUtc(view(), Number(time), Number(out) >>> 0);
      return undefined;
    },
    _timegm_js: (pointer) => readUtc(view(), Number(pointer) >>> 0),
    _abort_js: die('abort'),
    __assert_fail: die('__assert_fail'),
    __cxa_throw: die('__cxa_throw'),
    exit: die('exit'),
    proc_exit: die('proc_exit'),
  };
}

/** `struct tm` of musl: nine 32-bit fields; we live in UTC. */
function writeUtc(memory: DataView, seconds: number, out: number): void {
  const date = new Date(seconds * 1000);
  const firstOfYear = Date.UTC(date.getUTCFullYear(), 0, 1);
  const fields = [
    date.getUTCSeconds(),
    date.getUTCMinutes(),
    date.getUTCHours(),
    date.getUTCDate(),
    date.getUTCMonth(),
    date.getUTCFullYear() - 1900,
    date.getUTCDay(),
    Math.floor((date.getTime() - firstOfYear) / 86_400_000),
    0,
  ];
  for (const [i, field] of fields.entries()) memory.setInt32(out + i * 4, field, true);
}

function readUtc(memory: DataView, at: number): bigint {
  const field = (i: number) => memory.getInt32(at + i * 4, true);
  const date = Date.UTC(field(5) + 1900, field(4), field(3), field(2), field(1), field(0));
  return BigInt(Math.floor(date / 1000));
}

/**
 * Puts a host function of type `(i32, i32) -> ()` into the engine's function table, by way of a
 * module that imports and exports it: a table takes WebAssembly functions only.
 */
function installCallback(engine: Engine, callback: (pointer: number, length: number) => void) {
  const thunk = new WebAssembly.Module(
    new Uint8Array([
      0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x06, 0x01, 0x60, 0x02, 0x7f, 0x7f,
      0x00, 0x02, 0x07, 0x01, 0x01, 0x65, 0x01, 0x66, 0x00, 0x00, 0x07, 0x05, 0x01, 0x01, 0x66,
      0x00, 0x00,
    ]),
  );
  const { exports } = new WebAssembly.Instance(thunk, { e: { f: callback } });
  const table = engine.__indirect_function_table;
  const slot = table.grow(1);
  table.set(slot, exports['f']);
  return slot;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}
