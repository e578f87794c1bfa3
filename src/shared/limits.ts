/** Every bound on what a page can make us hold, read or send. One file, so that all can be seen. */

/** UTF-16 code units of any name, URL, preview or message. Longer text is cut, with an ellipsis. */
export const textUnits = 512;
/** UTF-16 code units of one stack. */
export const stackUnits = 8192;
export const stackFrames = 24;
/** Bytes of one chunk of records or slots. */
export const chunkBytes = 256 * 1024;
/** What a chunk is taken to cost beside its bytes. */
export const chunkOverheadBytes = 256;
/** Faults of ours that one document may tell of. */
export const faults = 16;
/** Records in one chunk of form `records`. */
export const chunkRecords = 65_536;
/** Records that a page keeps until there is something to write them with. */
export const earlyRecords = 262_144;
/** Of them, those that a page keeps while nothing in it concerns us: most pages stay so. */
export const mentionedRecords = 256;
/** Chunks that may be on their way to the panel without an acknowledgement. */
export const chunksInFlight = 16;
/** Bytes of `slots` chunks that a page keeps as its history. */
export const historySlotBytes = 8 * 1024 * 1024;
/** Bytes of `records` chunks that a page keeps; they hold the lifecycles, and go last. */
export const historyRecordBytes = 4 * 1024 * 1024;
/** Slots in the ring of one audio rendering thread. A power of two. */
export const ringSlots = 65_536;
/** Processors that one audio rendering thread can tell apart (the slot holds 16 bits). */
export const processors = 65_535;
/** Threads of one document. */
export const threads = 256;
/** Ids of any one kind in one document; forged ids above it are dropped. */
export const ids = 1_000_000;
/** Contexts of one document that are kept; more are counted. */
export const contexts = 16_384;
/** Nodes of one document that are kept, native neighbours among them; more are counted. */
export const nodes = 262_144;
/** Marks, losses, refused nodes, blocks and modules: of each so many are kept of one document. */
export const eventsPerDocument = 131_072;
/** States, calls and underruns: of each so many are kept of one context. */
export const eventsPerContext = 65_536;
/** Messages that one end of a channel sent, or received, and that are kept one by one; more are counted. */
export const messagesPerEnd = 2_097_152;
/** Connections that leave one node, and that lead to one. */
export const wiresPerNode = 4096;
/** Farewells, port closings and error events of one node. */
export const eventsPerNode = 1024;
/** Chunks of threads that nobody has announced yet. */
export const waitingChunks = 1024;
/** Documents of one session. */
export const documents = 4096;
/** Message previews and message stacks that a thread takes a second; the second, after a second with more messages. */
export const previewsPerSecond = 200;
export const floodPreviewsPerSecond = 20;
/** Microseconds between two stacks of blocks that an audio rendering thread takes, lest an engine that begins pays for many at once. */
export const renderingStackMicros = 100_000;
/** Bytes of chunks in one session: so much that its saved file can be opened again. */
export const sessionBytes = 768 * 1024 * 1024;
/** Bytes of a saved session that will be opened. */
export const sessionFileBytes = 1024 * 1024 * 1024;
/** Cells of shared memory that one thread tells apart (the slot holds 16 bits). */
export const cells = 65_535;
/** Ends of channels of one thread. Their halves fit the 16 bits of a slot. */
export const ends = 65_535;
/** Atomic operations of one document that are kept for judging; later ones are counted. */
export const atomicsPerDocument = 4_194_304;
/** Ports and memories that one message is searched for. */
export const cargoPerMessage = 16;
/** Calls of one quantum that the next can repeat in one slot; where there are more, each has its own. */
export const patternCalls = 256;
/** Calls of `process()` that one session holds: a hundred nodes for an hour, and some. */
export const sessionCalls = 160_000_000;
/** Bytes of a WebAssembly module's code that are searched for atomic instructions. */
export const scannedCode = 8 * 1024 * 1024;
/** Frees of what was no block that one thread tells of. */
export const misfrees = 256;
/** Blocks that posted calls of the page take along, and of which it tells; the second, those of any other thread, which has few numbers for blocks. */
export const payloads = 16_384;
export const payloadsElsewhere = 256;
/** Bytes of freed blocks that rest in the quarantine of one heap where no settings say otherwise, unless an eighth of the heap is less. */
export const quarantineBytes = 16 * 1024 * 1024;
/** Freed blocks that rest there. A power of two. */
export const quarantineBlocks = 8192;
/** Bytes of original modules that are kept for reports of accesses to freed memory; modules beyond are not checked. */
export const keptModuleBytes = 128 * 1024 * 1024;
/** Instrumented forms of modules that a thread keeps until their modules come. */
export const formsAhead = 32;
/** Instructions of one thread that are told to touch freed memory, and addresses of each. */
export const touchingSites = 256;
export const touchedAddresses = 8;
