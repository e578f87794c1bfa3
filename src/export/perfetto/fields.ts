/**
 * The field numbers of the Perfetto messages that we write, by message, as in
 * https://perfetto.dev/docs/reference/trace-packet-proto.
 */
export const TRACE = { packet: 1 } as const;

export const PACKET = {
  clockSnapshot: 6,
  timestamp: 8,
  sequenceId: 10,
  trackEvent: 11,
  internedData: 12,
  sequenceFlags: 13,
  timestampClockId: 58,
  defaults: 59,
  trackDescriptor: 60,
  firstOnSequence: 87,
} as const;

export const SEQUENCE_FLAGS = { cleared: 1, needsState: 2 } as const;

export const PACKET_DEFAULTS = { timestampClockId: 58, trackEventDefaults: 11 } as const;
export const TRACK_EVENT_DEFAULTS = { trackUuid: 11 } as const;

export const CLOCK_SNAPSHOT = { clocks: 1, primaryTraceClock: 2 } as const;
export const CLOCK = { id: 1, timestamp: 2, isIncremental: 3, unitMultiplierNs: 4 } as const;
/** Ids from 64 to 127 belong to their sequence. */
export const CLOCK_ID = { realtime: 1, firstOfSequence: 64, lastOfSequence: 127 } as const;

export const TRACK_EVENT = {
  categoryIids: 3,
  debugAnnotations: 4,
  type: 9,
  nameIid: 10,
  trackUuid: 11,
  counterValue: 30,
  flowIds: 47,
  terminatingFlowIds: 48,
  callstackIid: 56,
} as const;
export const EVENT_TYPE = { begin: 1, end: 2, instant: 3, counter: 4 } as const;

export const ANNOTATION = {
  nameIid: 1,
  bool: 2,
  uint: 3,
  int: 4,
  double: 5,
  string: 6,
  name: 10,
  dictEntries: 11,
  arrayValues: 12,
} as const;

export const INTERNED = {
  categories: 1,
  names: 2,
  annotationNames: 3,
  functionNames: 5,
  frames: 6,
  callstacks: 7,
  sourcePaths: 18,
  mappings: 19,
} as const;
/** `iid` and `name` of categories, event names and annotation names; `iid` and `str` of strings. */
export const INTERNED_ENTRY = { iid: 1, value: 2 } as const;
export const FRAME = {
  iid: 1,
  functionNameId: 2,
  mappingId: 3,
  relPc: 4,
  sourcePathIid: 5,
  line: 6,
} as const;
export const CALLSTACK = { iid: 1, frameIds: 2 } as const;
export const MAPPING = { iid: 1 } as const;

export const TRACK = {
  uuid: 1,
  name: 2,
  process: 3,
  thread: 4,
  parentUuid: 5,
  counter: 8,
  disallowMergingWithSystemTracks: 9,
  childOrdering: 11,
  siblingOrderRank: 12,
  description: 14,
  siblingMergeBehavior: 15,
} as const;
export const CHILD_ORDERING = { explicit: 3 } as const;
export const SIBLING_MERGE = { none: 2 } as const;
export const PROCESS = { pid: 1, processName: 6, startTimestampNs: 7 } as const;
export const THREAD = { pid: 1, tid: 2, threadName: 5 } as const;
export const COUNTER = { unit: 3, unitMultiplier: 4, unitName: 6 } as const;
export const COUNTER_UNIT = { count: 2 } as const;
