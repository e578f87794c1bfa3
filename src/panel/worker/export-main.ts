import { judge } from '../../analysis/judge.ts';
import { Session } from '../../analysis/session.ts';
import type { SessionInput } from '../../analysis/session-input.ts';
import { encodeTrace } from '../../export/perfetto/trace.ts';
import { encodeSessionFile } from '../../export/session-file.ts';
import type { ExportReply, ExportRequest } from './export-protocol.ts';

declare const self: DedicatedWorkerGlobalScope;

/** Inputs between two reports of progress. */
const STEP = 64;

self.addEventListener('message', (event: MessageEvent<ExportRequest>) => {
  const { port, format } = event.data;
  port.addEventListener('message', (handed: MessageEvent<{ inputs: readonly SessionInput[] }>) => {
    port.close();
    try {
      run(handed.data.inputs, format);
    } catch (error) {
      reply({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
    }
  });
  port.start();
});

function run(inputs: readonly SessionInput[], format: ExportRequest['format']): void {
  if (format === 'session') {
    reply({ kind: 'progress', stage: 'Writing', share: undefined });
    done(encodeSessionFile(inputs), 0);
    return;
  }
  const session = new Session();
  for (const [i, input] of inputs.entries()) {
    if (i % STEP === 0) reply({ kind: 'progress', stage: 'Reading', share: i / inputs.length });
    session.ingest(input);
  }
  reply({ kind: 'progress', stage: 'Writing', share: undefined });
  const findings = judge(session);
  done(encodeTrace(session, findings), findings.length);
}

function done(bytes: Uint8Array<ArrayBuffer>, findings: number): void {
  self.postMessage({ kind: 'done', bytes, findings } satisfies ExportReply, [bytes.buffer]);
}

function reply(message: ExportReply): void {
  self.postMessage(message);
}
