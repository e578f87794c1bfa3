import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  compileTraceProcessor,
  TRACE_PROCESSOR_SHA256,
  TraceProcessor,
  type TraceProcessorModule,
} from '../../src/export/perfetto/trace-processor.ts';

const ASSET = 'perfetto-trace-processor-wasm/assets/trace-processor/trace_processor.wasm';
let engine: TraceProcessorModule | undefined;

/** The real engine with this trace loaded. */
export function openTrace(trace: Uint8Array): TraceProcessor {
  engine ??= compileTraceProcessor(readEngine());
  const processor = new TraceProcessor(engine);
  processor.load(trace);
  return processor;
}

function readEngine(): Uint8Array<ArrayBuffer> {
  const bytes = readFileSync(createRequire(import.meta.url).resolve(ASSET));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== TRACE_PROCESSOR_SHA256)
    throw new Error(`${ASSET} is not the build we know: ${sha256}`);
  return new Uint8Array(bytes);
}
