/**
 * What an export worker is asked and says. It is made for one export and ended after it (or in the
 * midst of it: that is how an export is cancelled), so recording goes on beside it.
 */
export interface ExportRequest {
  readonly format: 'session' | 'trace';
  /** The session worker hands `{ inputs }` over through it. */
  readonly port: MessagePort;
}

export type ExportReply =
  | { readonly kind: 'progress'; readonly stage: string; readonly share: number | undefined }
  | {
      readonly kind: 'done';
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly findings: number;
    }
  | { readonly kind: 'failed'; readonly reason: string };
