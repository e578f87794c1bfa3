/** Every bound on what a page can make us hold, read or send. One file, so that all can be seen. */
export const LIMITS = {
  /** UTF-16 code units of any name, URL, preview or message. Longer text is cut, with an ellipsis. */
  textUnits: 512,
  /** UTF-16 code units of one stack. */
  stackUnits: 8192,
  stackFrames: 24,
  /** Bytes of one chunk of records or slots. */
  chunkBytes: 256 * 1024,
  /** What a chunk is taken to cost beside its bytes. */
  chunkOverheadBytes: 256,
  /** Faults of ours that one document may tell of. */
  faults: 16,
  /** Records in one chunk of form `records`. */
  chunkRecords: 65_536,
  /** Chunks that may be on their way to the panel without an acknowledgement. */
  chunksInFlight: 16,
  /** Bytes of `slots` chunks that a page keeps as its history. */
  historySlotBytes: 8 * 1024 * 1024,
  /** Bytes of `records` chunks that a page keeps; they hold the lifecycles, and go last. */
  historyRecordBytes: 4 * 1024 * 1024,
  /** Slots in the ring of one audio rendering thread. A power of two. */
  ringSlots: 65_536,
  /** Processors that one audio rendering thread can tell apart (the slot holds 16 bits). */
  processors: 65_535,
  /** Threads of one document. */
  threads: 256,
  /** Ids of any one kind in one document; forged ids above it are dropped. */
  ids: 1_000_000,
  /** Contexts of one document that are kept; more are counted. */
  contexts: 16_384,
  /** Nodes of one document that are kept, native neighbours among them; more are counted. */
  nodes: 262_144,
  /** Marks, losses, refused nodes, blocks and modules: of each so many are kept of one document. */
  eventsPerDocument: 131_072,
  /** States, calls and underruns: of each so many are kept of one context. */
  eventsPerContext: 65_536,
  /** Messages of one node that are kept one by one; more are counted. */
  messagesPerNode: 100_000,
  /** Connections that leave one node, and that lead to one. */
  wiresPerNode: 4096,
  /** Farewells, port closings and error events of one node. */
  eventsPerNode: 1024,
  /** Chunks of threads that nobody has announced yet. */
  waitingChunks: 1024,
  /** Documents of one session. */
  documents: 4096,
  /** Message previews and message stacks that a document takes a second. */
  previewsPerSecond: 200,
  /** Bytes of chunks in one session: so much that its saved file can be opened again. */
  sessionBytes: 768 * 1024 * 1024,
  /** Bytes of a saved session that will be opened. */
  sessionFileBytes: 1024 * 1024 * 1024,
} as const;
