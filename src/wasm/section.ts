/** Sections (5.5.2) by their ids. */
export const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
} as const;

/** The order in which sections stand, custom ones apart: `SECTION_ORDER[id]` only grows. */
export const SECTION_ORDER = [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 11, 6] as const;

/** What an import or an export is (5.5.5, 5.5.10). */
export const EXTERNAL = { function: 0, table: 1, memory: 2, global: 3, tag: 4 } as const;

/** Bits before the limits of a memory or table (5.3.10, and the threads proposal). */
export const LIMIT = { maximum: 1, shared: 2, address64: 4 } as const;

/** Where a section lies in the bytes of its module. */
export interface Section {
  readonly id: number;
  /** Its id. */
  readonly start: number;
  /** Its contents: after its size, and in custom sections the name. */
  readonly from: number;
  readonly to: number;
  /** Of a custom section; otherwise empty. */
  readonly name: string;
}
