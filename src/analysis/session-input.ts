import type { Chunk, FrameOrigin } from '../shared/messages.ts';

/**
 * All that ever enters a session, live or from a file. A saved session is a list of these, so that
 * both go through the same door.
 */
export type SessionInput =
  /** A document said hello. Said again (after a reconnection) it changes nothing. */
  | {
      readonly kind: 'document';
      readonly origin: FrameOrigin;
      /** Microseconds since the Unix epoch. */
      readonly timeOrigin: number;
      readonly isolated: boolean;
    }
  /** Chunks of one document arrive in rising order of number; one seen before is ignored. */
  | { readonly kind: 'chunk'; readonly document: string; readonly chunk: Chunk }
  | {
      readonly kind: 'forgotten';
      readonly document: string;
      readonly number: number;
      readonly bytes: number;
    }
  /** Messages of the page that the content script did not let through. */
  | {
      readonly kind: 'refused';
      readonly document: string;
      readonly count: number;
      readonly reason: string;
    }
  | { readonly kind: 'gone'; readonly document: string };
