/** Where the rules draw their lines. The panel lets the user move them; `docs/rules.md` lists them. */
export const THRESHOLDS = {
  zombieSeconds: {
    value: 1,
    doc: 'Seconds of running context time for which a detached processor may go on answering `true`.',
  },
  closingCalls: {
    value: 2,
    doc: 'Calls answering `false` that are taken for the shutdown of a processor that never answered otherwise.',
  },
  openContexts: { value: 5, doc: 'Real-time contexts that a document may keep open.' },
  neverProcessedSeconds: {
    value: 0.25,
    doc: 'Seconds of running context time after which a node that was not called is said to be so.',
  },
  postingCalls: { value: 32, doc: 'Calls in a row, each of which posts a message.' },
  overrunShare: { value: 0.01, doc: 'Share of a second’s quanta that may exceed the budget.' },
  overrunQuanta: {
    value: 2,
    doc: 'Timed quanta of one second that must exceed the budget before their share means anything.',
  },
  busyShare: {
    value: 0.5,
    doc: 'Share of the budget that `process()` must take on average in some second before underruns are laid at its door.',
  },
  spinLoads: { value: 32, doc: 'Looks at one cell in a busy loop before it counts as one.' },
  spinQuanta: {
    value: 1,
    doc: 'Quanta for which a busy loop must have gone on in vain, the call in flight apart.',
  },
  stuckSeconds: {
    value: 0.25,
    doc: 'Seconds for which a thread must have waited after the last that could wake it has ended.',
  },
  staleCalls: {
    value: 2,
    doc: 'Calls after a growth with which a processor must still hold a detached view: the first may be the one that renews it.',
  },
  leakSeconds: {
    value: 1,
    doc: 'Seconds for which the user data of a destroyed node may still be there when that of a later one was freed.',
  },
  fetchSeconds: {
    value: 5,
    doc: 'Seconds for which the handle of a fetch that has ended, and that could be closed, may still be there.',
  },
  siteSeconds: {
    value: 10,
    doc: 'Seconds for which the blocks of one place that allocates must have done nothing but grow, to the last, in as many counts.',
  },
  siteBlocks: {
    value: 128,
    doc: 'Blocks that such a place must keep, of those whose stacks were taken.',
  },
  marginFrames: {
    value: 2048,
    doc: 'Where a page is not isolated, a call counts as later than what the page did when its frame lies this far beyond the one the page saw. Up to 512 were seen in Chromium.',
  },
  marginSeconds: {
    value: 0.25,
    doc: 'The same, in seconds, for what the page does not see a frame of (garbage collection).',
  },
} as const satisfies { readonly [name: string]: { readonly value: number; readonly doc: string } };

export type Thresholds = { readonly [name in keyof typeof THRESHOLDS]: number };

export const DEFAULT_THRESHOLDS: Thresholds = {
  zombieSeconds: THRESHOLDS.zombieSeconds.value,
  closingCalls: THRESHOLDS.closingCalls.value,
  openContexts: THRESHOLDS.openContexts.value,
  neverProcessedSeconds: THRESHOLDS.neverProcessedSeconds.value,
  postingCalls: THRESHOLDS.postingCalls.value,
  overrunShare: THRESHOLDS.overrunShare.value,
  overrunQuanta: THRESHOLDS.overrunQuanta.value,
  busyShare: THRESHOLDS.busyShare.value,
  spinLoads: THRESHOLDS.spinLoads.value,
  spinQuanta: THRESHOLDS.spinQuanta.value,
  stuckSeconds: THRESHOLDS.stuckSeconds.value,
  staleCalls: THRESHOLDS.staleCalls.value,
  leakSeconds: THRESHOLDS.leakSeconds.value,
  fetchSeconds: THRESHOLDS.fetchSeconds.value,
  siteSeconds: THRESHOLDS.siteSeconds.value,
  siteBlocks: THRESHOLDS.siteBlocks.value,
  marginFrames: THRESHOLDS.marginFrames.value,
  marginSeconds: THRESHOLDS.marginSeconds.value,
};
