/** Where the rules draw their lines. The panel lets the user move them. */
export interface Thresholds {
  /** Running context time for which a detached processor may go on answering `true`. */
  readonly zombieSeconds: number;
  /** Calls answering `false` that are taken for a processor's own shutdown. */
  readonly closingCalls: number;
  /** Real-time contexts that a document may keep open. */
  readonly openContexts: number;
  /** Running context time after which a node that was never called is said to be so. */
  readonly neverProcessedSeconds: number;
  /** Calls in a row, each of which posts. */
  readonly postingCalls: number;
  /** Share of a second's quanta that may exceed the budget. */
  readonly overrunShare: number;
  /** Timed quanta of one second that must exceed the budget before their share means anything. */
  readonly overrunQuanta: number;
  /**
   * Where a page is not isolated, a call counts as later than something the page did when its frame
   * lies this far beyond the one the page saw: more than any device buffer renders ahead.
   */
  readonly marginFrames: number;
  /** The same where the page saw no frame. */
  readonly marginSeconds: number;
}

export const DEFAULT_THRESHOLDS: Thresholds = {
  zombieSeconds: 1,
  closingCalls: 2,
  openContexts: 5,
  neverProcessedSeconds: 0.25,
  postingCalls: 32,
  overrunShare: 0.01,
  overrunQuanta: 2,
  marginFrames: 8192,
  marginSeconds: 0.25,
};
