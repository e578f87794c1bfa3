import { charCodeAt, IntrinsicUint8Array, slice } from '../base/intrinsics.ts';

/** What follows an opcode. */
export const IMMEDIATE = {
  /** Not an opcode. */
  unknown: 0,
  none: 1,
  /** One index of anything whose indices stay. */
  index: 2,
  /** Two such. */
  indices: 3,
  local: 4,
  global: 5,
  function: 6,
  label: 7,
  labels: 8,
  block: 9,
  /** Alignment, perhaps a memory, offset. */
  memory: 10,
  /** The same, and a lane. */
  memoryLane: 11,
  lane: 12,
  lanes: 13,
  i32: 14,
  i64: 15,
  f32: 16,
  f64: 17,
  v128: 18,
  heapType: 19,
  valueTypes: 20,
  catches: 21,
  cast: 22,
  /** A single memory, as of `memory.fill`. */
  memoryIndex: 23,
  /** Two memories. */
  memoryIndices: 24,
  /** A data segment and a memory. */
  dataMemory: 25,
  /** The byte that `atomic.fence` reserves. */
  reserved: 26,
} as const;

/**
 * Opcodes from `first` on, each one more than the one before (a second one behind a prefix: `0xfd_000` and so on), with
 * what follows them and what they take and give: `i` i32, `l` i64, `f` f32, `d` f64, `v` v128, `r` a reference, `*`
 * any; `?` where that does not follow from the opcode. What touches memory also says how many bytes.
 */
type Row = readonly [
  first: number,
  immediate: keyof typeof IMMEDIATE,
  signature: string,
  names: string,
  bytes?: number,
];

/**
 * Core specification 3.0, appendix "Index of Instructions"; the threads and the legacy exception handling proposals.
 */
const ROWS: readonly Row[] = [
  [0x00, 'none', '?', 'unreachable'],
  [0x01, 'none', ':', 'nop'],
  [0x02, 'block', '?', 'block loop if'],
  [0x05, 'none', '?', 'else'],
  [0x06, 'block', '?', 'try'],
  [0x07, 'index', '?', 'catch throw'],
  [0x09, 'label', '?', 'rethrow'],
  [0x0a, 'none', '?', 'throw_ref end'],
  [0x0c, 'label', '?', 'br br_if'],
  [0x0e, 'labels', '?', 'br_table'],
  [0x0f, 'none', '?', 'return'],
  [0x10, 'function', '?', 'call'],
  [0x11, 'indices', '?', 'call_indirect'],
  [0x12, 'function', '?', 'return_call'],
  [0x13, 'indices', '?', 'return_call_indirect'],
  [0x14, 'index', '?', 'call_ref return_call_ref'],
  [0x18, 'label', '?', 'delegate'],
  [0x19, 'none', '?', 'catch_all'],
  [0x1a, 'none', '*:', 'drop'],
  [0x1b, 'none', '**i:*', 'select'],
  [0x1c, 'valueTypes', '**i:*', 'select_typed'],
  [0x1f, 'catches', '?', 'try_table'],
  [0x20, 'local', ':*', 'local.get'],
  [0x21, 'local', '*:', 'local.set'],
  [0x22, 'local', '*:*', 'local.tee'],
  [0x23, 'global', ':*', 'global.get'],
  [0x24, 'global', '*:', 'global.set'],
  [0x25, 'index', 'i:r', 'table.get'],
  [0x26, 'index', 'ir:', 'table.set'],

  [0x28, 'memory', 'i:i', 'i32.load', 4],
  [0x29, 'memory', 'i:l', 'i64.load', 8],
  [0x2a, 'memory', 'i:f', 'f32.load', 4],
  [0x2b, 'memory', 'i:d', 'f64.load', 8],
  [0x2c, 'memory', 'i:i', 'i32.load8_s i32.load8_u', 1],
  [0x2e, 'memory', 'i:i', 'i32.load16_s i32.load16_u', 2],
  [0x30, 'memory', 'i:l', 'i64.load8_s i64.load8_u', 1],
  [0x32, 'memory', 'i:l', 'i64.load16_s i64.load16_u', 2],
  [0x34, 'memory', 'i:l', 'i64.load32_s i64.load32_u', 4],
  [0x36, 'memory', 'ii:', 'i32.store', 4],
  [0x37, 'memory', 'il:', 'i64.store', 8],
  [0x38, 'memory', 'if:', 'f32.store', 4],
  [0x39, 'memory', 'id:', 'f64.store', 8],
  [0x3a, 'memory', 'ii:', 'i32.store8', 1],
  [0x3b, 'memory', 'ii:', 'i32.store16', 2],
  [0x3c, 'memory', 'il:', 'i64.store8', 1],
  [0x3d, 'memory', 'il:', 'i64.store16', 2],
  [0x3e, 'memory', 'il:', 'i64.store32', 4],
  [0x3f, 'memoryIndex', ':i', 'memory.size'],
  [0x40, 'memoryIndex', 'i:i', 'memory.grow'],

  [0x41, 'i32', ':i', 'i32.const'],
  [0x42, 'i64', ':l', 'i64.const'],
  [0x43, 'f32', ':f', 'f32.const'],
  [0x44, 'f64', ':d', 'f64.const'],
  [0x45, 'none', 'i:i', 'i32.eqz'],
  [0x46, 'none', 'ii:i', 'i32.eq i32.ne i32.lt_s i32.lt_u i32.gt_s i32.gt_u i32.le_s i32.le_u'],
  [0x4e, 'none', 'ii:i', 'i32.ge_s i32.ge_u'],
  [0x50, 'none', 'l:i', 'i64.eqz'],
  [0x51, 'none', 'll:i', 'i64.eq i64.ne i64.lt_s i64.lt_u i64.gt_s i64.gt_u i64.le_s i64.le_u'],
  [0x59, 'none', 'll:i', 'i64.ge_s i64.ge_u'],
  [0x5b, 'none', 'ff:i', 'f32.eq f32.ne f32.lt f32.gt f32.le f32.ge'],
  [0x61, 'none', 'dd:i', 'f64.eq f64.ne f64.lt f64.gt f64.le f64.ge'],
  [0x67, 'none', 'i:i', 'i32.clz i32.ctz i32.popcnt'],
  [0x6a, 'none', 'ii:i', 'i32.add i32.sub i32.mul i32.div_s i32.div_u i32.rem_s i32.rem_u'],
  [0x71, 'none', 'ii:i', 'i32.and i32.or i32.xor i32.shl i32.shr_s i32.shr_u i32.rotl i32.rotr'],
  [0x79, 'none', 'l:l', 'i64.clz i64.ctz i64.popcnt'],
  [0x7c, 'none', 'll:l', 'i64.add i64.sub i64.mul i64.div_s i64.div_u i64.rem_s i64.rem_u'],
  [0x83, 'none', 'll:l', 'i64.and i64.or i64.xor i64.shl i64.shr_s i64.shr_u i64.rotl i64.rotr'],
  [0x8b, 'none', 'f:f', 'f32.abs f32.neg f32.ceil f32.floor f32.trunc f32.nearest f32.sqrt'],
  [0x92, 'none', 'ff:f', 'f32.add f32.sub f32.mul f32.div f32.min f32.max f32.copysign'],
  [0x99, 'none', 'd:d', 'f64.abs f64.neg f64.ceil f64.floor f64.trunc f64.nearest f64.sqrt'],
  [0xa0, 'none', 'dd:d', 'f64.add f64.sub f64.mul f64.div f64.min f64.max f64.copysign'],
  [0xa7, 'none', 'l:i', 'i32.wrap_i64'],
  [0xa8, 'none', 'f:i', 'i32.trunc_f32_s i32.trunc_f32_u'],
  [0xaa, 'none', 'd:i', 'i32.trunc_f64_s i32.trunc_f64_u'],
  [0xac, 'none', 'i:l', 'i64.extend_i32_s i64.extend_i32_u'],
  [0xae, 'none', 'f:l', 'i64.trunc_f32_s i64.trunc_f32_u'],
  [0xb0, 'none', 'd:l', 'i64.trunc_f64_s i64.trunc_f64_u'],
  [0xb2, 'none', 'i:f', 'f32.convert_i32_s f32.convert_i32_u'],
  [0xb4, 'none', 'l:f', 'f32.convert_i64_s f32.convert_i64_u'],
  [0xb6, 'none', 'd:f', 'f32.demote_f64'],
  [0xb7, 'none', 'i:d', 'f64.convert_i32_s f64.convert_i32_u'],
  [0xb9, 'none', 'l:d', 'f64.convert_i64_s f64.convert_i64_u'],
  [0xbb, 'none', 'f:d', 'f64.promote_f32'],
  [0xbc, 'none', 'f:i', 'i32.reinterpret_f32'],
  [0xbd, 'none', 'd:l', 'i64.reinterpret_f64'],
  [0xbe, 'none', 'i:f', 'f32.reinterpret_i32'],
  [0xbf, 'none', 'l:d', 'f64.reinterpret_i64'],
  [0xc0, 'none', 'i:i', 'i32.extend8_s i32.extend16_s'],
  [0xc2, 'none', 'l:l', 'i64.extend8_s i64.extend16_s i64.extend32_s'],

  [0xd0, 'heapType', ':r', 'ref.null'],
  [0xd1, 'none', 'r:i', 'ref.is_null'],
  [0xd2, 'function', ':r', 'ref.func'],
  [0xd3, 'none', 'rr:i', 'ref.eq'],
  [0xd4, 'none', 'r:r', 'ref.as_non_null'],
  [0xd5, 'label', '?', 'br_on_null br_on_non_null'],

  [0xfb_000, 'index', '?', 'struct.new struct.new_default'],
  [0xfb_002, 'indices', '?', 'struct.get struct.get_s struct.get_u struct.set'],
  [0xfb_006, 'index', '?', 'array.new array.new_default'],
  [0xfb_008, 'indices', '?', 'array.new_fixed array.new_data array.new_elem'],
  [0xfb_00b, 'index', '?', 'array.get array.get_s array.get_u array.set'],
  [0xfb_00f, 'none', '?', 'array.len'],
  [0xfb_010, 'index', '?', 'array.fill'],
  [0xfb_011, 'indices', '?', 'array.copy array.init_data array.init_elem'],
  [0xfb_014, 'heapType', '?', 'ref.test ref.test_null ref.cast ref.cast_null'],
  [0xfb_018, 'cast', '?', 'br_on_cast br_on_cast_fail'],
  [0xfb_01a, 'none', '?', 'any.convert_extern extern.convert_any ref.i31 i31.get_s i31.get_u'],

  [0xfc_000, 'none', 'f:i', 'i32.trunc_sat_f32_s i32.trunc_sat_f32_u'],
  [0xfc_002, 'none', 'd:i', 'i32.trunc_sat_f64_s i32.trunc_sat_f64_u'],
  [0xfc_004, 'none', 'f:l', 'i64.trunc_sat_f32_s i64.trunc_sat_f32_u'],
  [0xfc_006, 'none', 'd:l', 'i64.trunc_sat_f64_s i64.trunc_sat_f64_u'],
  [0xfc_008, 'dataMemory', 'iii:', 'memory.init'],
  [0xfc_009, 'index', ':', 'data.drop'],
  [0xfc_00a, 'memoryIndices', 'iii:', 'memory.copy'],
  [0xfc_00b, 'memoryIndex', 'iii:', 'memory.fill'],
  [0xfc_00c, 'indices', 'iii:', 'table.init'],
  [0xfc_00d, 'index', ':', 'elem.drop'],
  [0xfc_00e, 'indices', 'iii:', 'table.copy'],
  [0xfc_00f, 'index', 'ri:i', 'table.grow'],
  [0xfc_010, 'index', ':i', 'table.size'],
  [0xfc_011, 'index', 'iri:', 'table.fill'],

  [0xfd_000, 'memory', 'i:v', 'v128.load', 16],
  [0xfd_001, 'memory', 'i:v', 'v128.load8x8_s v128.load8x8_u v128.load16x4_s v128.load16x4_u', 8],
  [0xfd_005, 'memory', 'i:v', 'v128.load32x2_s v128.load32x2_u', 8],
  [0xfd_007, 'memory', 'i:v', 'v128.load8_splat', 1],
  [0xfd_008, 'memory', 'i:v', 'v128.load16_splat', 2],
  [0xfd_009, 'memory', 'i:v', 'v128.load32_splat', 4],
  [0xfd_00a, 'memory', 'i:v', 'v128.load64_splat', 8],
  [0xfd_00b, 'memory', 'iv:', 'v128.store', 16],
  [0xfd_00c, 'v128', ':v', 'v128.const'],
  [0xfd_00d, 'lanes', 'vv:v', 'i8x16.shuffle'],
  [0xfd_00e, 'none', 'vv:v', 'i8x16.swizzle'],
  [0xfd_00f, 'none', 'i:v', 'i8x16.splat i16x8.splat i32x4.splat'],
  [0xfd_012, 'none', 'l:v', 'i64x2.splat'],
  [0xfd_013, 'none', 'f:v', 'f32x4.splat'],
  [0xfd_014, 'none', 'd:v', 'f64x2.splat'],
  [0xfd_015, 'lane', 'v:i', 'i8x16.extract_lane_s i8x16.extract_lane_u'],
  [0xfd_017, 'lane', 'vi:v', 'i8x16.replace_lane'],
  [0xfd_018, 'lane', 'v:i', 'i16x8.extract_lane_s i16x8.extract_lane_u'],
  [0xfd_01a, 'lane', 'vi:v', 'i16x8.replace_lane'],
  [0xfd_01b, 'lane', 'v:i', 'i32x4.extract_lane'],
  [0xfd_01c, 'lane', 'vi:v', 'i32x4.replace_lane'],
  [0xfd_01d, 'lane', 'v:l', 'i64x2.extract_lane'],
  [0xfd_01e, 'lane', 'vl:v', 'i64x2.replace_lane'],
  [0xfd_01f, 'lane', 'v:f', 'f32x4.extract_lane'],
  [0xfd_020, 'lane', 'vf:v', 'f32x4.replace_lane'],
  [0xfd_021, 'lane', 'v:d', 'f64x2.extract_lane'],
  [0xfd_022, 'lane', 'vd:v', 'f64x2.replace_lane'],
  [0xfd_023, 'none', 'vv:v', 'i8x16.eq i8x16.ne i8x16.lt_s i8x16.lt_u i8x16.gt_s i8x16.gt_u'],
  [0xfd_029, 'none', 'vv:v', 'i8x16.le_s i8x16.le_u i8x16.ge_s i8x16.ge_u'],
  [0xfd_02d, 'none', 'vv:v', 'i16x8.eq i16x8.ne i16x8.lt_s i16x8.lt_u i16x8.gt_s i16x8.gt_u'],
  [0xfd_033, 'none', 'vv:v', 'i16x8.le_s i16x8.le_u i16x8.ge_s i16x8.ge_u'],
  [0xfd_037, 'none', 'vv:v', 'i32x4.eq i32x4.ne i32x4.lt_s i32x4.lt_u i32x4.gt_s i32x4.gt_u'],
  [0xfd_03d, 'none', 'vv:v', 'i32x4.le_s i32x4.le_u i32x4.ge_s i32x4.ge_u'],
  [0xfd_041, 'none', 'vv:v', 'f32x4.eq f32x4.ne f32x4.lt f32x4.gt f32x4.le f32x4.ge'],
  [0xfd_047, 'none', 'vv:v', 'f64x2.eq f64x2.ne f64x2.lt f64x2.gt f64x2.le f64x2.ge'],
  [0xfd_04d, 'none', 'v:v', 'v128.not'],
  [0xfd_04e, 'none', 'vv:v', 'v128.and v128.andnot v128.or v128.xor'],
  [0xfd_052, 'none', 'vvv:v', 'v128.bitselect'],
  [0xfd_053, 'none', 'v:i', 'v128.any_true'],
  [0xfd_054, 'memoryLane', 'iv:v', 'v128.load8_lane', 1],
  [0xfd_055, 'memoryLane', 'iv:v', 'v128.load16_lane', 2],
  [0xfd_056, 'memoryLane', 'iv:v', 'v128.load32_lane', 4],
  [0xfd_057, 'memoryLane', 'iv:v', 'v128.load64_lane', 8],
  [0xfd_058, 'memoryLane', 'iv:', 'v128.store8_lane', 1],
  [0xfd_059, 'memoryLane', 'iv:', 'v128.store16_lane', 2],
  [0xfd_05a, 'memoryLane', 'iv:', 'v128.store32_lane', 4],
  [0xfd_05b, 'memoryLane', 'iv:', 'v128.store64_lane', 8],
  [0xfd_05c, 'memory', 'i:v', 'v128.load32_zero', 4],
  [0xfd_05d, 'memory', 'i:v', 'v128.load64_zero', 8],
  [0xfd_05e, 'none', 'v:v', 'f32x4.demote_f64x2_zero f64x2.promote_low_f32x4'],
  [0xfd_060, 'none', 'v:v', 'i8x16.abs i8x16.neg i8x16.popcnt'],
  [0xfd_063, 'none', 'v:i', 'i8x16.all_true i8x16.bitmask'],
  [0xfd_065, 'none', 'vv:v', 'i8x16.narrow_i16x8_s i8x16.narrow_i16x8_u'],
  [0xfd_067, 'none', 'v:v', 'f32x4.ceil f32x4.floor f32x4.trunc f32x4.nearest'],
  [0xfd_06b, 'none', 'vi:v', 'i8x16.shl i8x16.shr_s i8x16.shr_u'],
  [0xfd_06e, 'none', 'vv:v', 'i8x16.add i8x16.add_sat_s i8x16.add_sat_u'],
  [0xfd_071, 'none', 'vv:v', 'i8x16.sub i8x16.sub_sat_s i8x16.sub_sat_u'],
  [0xfd_074, 'none', 'v:v', 'f64x2.ceil f64x2.floor'],
  [0xfd_076, 'none', 'vv:v', 'i8x16.min_s i8x16.min_u i8x16.max_s i8x16.max_u'],
  [0xfd_07a, 'none', 'v:v', 'f64x2.trunc'],
  [0xfd_07b, 'none', 'vv:v', 'i8x16.avgr_u'],
  [0xfd_07c, 'none', 'v:v', 'i16x8.extadd_pairwise_i8x16_s i16x8.extadd_pairwise_i8x16_u'],
  [0xfd_07e, 'none', 'v:v', 'i32x4.extadd_pairwise_i16x8_s i32x4.extadd_pairwise_i16x8_u'],
  [0xfd_080, 'none', 'v:v', 'i16x8.abs i16x8.neg'],
  [0xfd_082, 'none', 'vv:v', 'i16x8.q15mulr_sat_s'],
  [0xfd_083, 'none', 'v:i', 'i16x8.all_true i16x8.bitmask'],
  [0xfd_085, 'none', 'vv:v', 'i16x8.narrow_i32x4_s i16x8.narrow_i32x4_u'],
  [0xfd_087, 'none', 'v:v', 'i16x8.extend_low_i8x16_s i16x8.extend_high_i8x16_s'],
  [0xfd_089, 'none', 'v:v', 'i16x8.extend_low_i8x16_u i16x8.extend_high_i8x16_u'],
  [0xfd_08b, 'none', 'vi:v', 'i16x8.shl i16x8.shr_s i16x8.shr_u'],
  [0xfd_08e, 'none', 'vv:v', 'i16x8.add i16x8.add_sat_s i16x8.add_sat_u'],
  [0xfd_091, 'none', 'vv:v', 'i16x8.sub i16x8.sub_sat_s i16x8.sub_sat_u'],
  [0xfd_094, 'none', 'v:v', 'f64x2.nearest'],
  [0xfd_095, 'none', 'vv:v', 'i16x8.mul i16x8.min_s i16x8.min_u i16x8.max_s i16x8.max_u'],
  [0xfd_09b, 'none', 'vv:v', 'i16x8.avgr_u i16x8.extmul_low_i8x16_s i16x8.extmul_high_i8x16_s'],
  [0xfd_09e, 'none', 'vv:v', 'i16x8.extmul_low_i8x16_u i16x8.extmul_high_i8x16_u'],
  [0xfd_0a0, 'none', 'v:v', 'i32x4.abs i32x4.neg'],
  [0xfd_0a3, 'none', 'v:i', 'i32x4.all_true i32x4.bitmask'],
  [0xfd_0a7, 'none', 'v:v', 'i32x4.extend_low_i16x8_s i32x4.extend_high_i16x8_s'],
  [0xfd_0a9, 'none', 'v:v', 'i32x4.extend_low_i16x8_u i32x4.extend_high_i16x8_u'],
  [0xfd_0ab, 'none', 'vi:v', 'i32x4.shl i32x4.shr_s i32x4.shr_u'],
  [0xfd_0ae, 'none', 'vv:v', 'i32x4.add'],
  [0xfd_0b1, 'none', 'vv:v', 'i32x4.sub'],
  [0xfd_0b5, 'none', 'vv:v', 'i32x4.mul i32x4.min_s i32x4.min_u i32x4.max_s i32x4.max_u'],
  [0xfd_0ba, 'none', 'vv:v', 'i32x4.dot_i16x8_s'],
  [0xfd_0bc, 'none', 'vv:v', 'i32x4.extmul_low_i16x8_s i32x4.extmul_high_i16x8_s'],
  [0xfd_0be, 'none', 'vv:v', 'i32x4.extmul_low_i16x8_u i32x4.extmul_high_i16x8_u'],
  [0xfd_0c0, 'none', 'v:v', 'i64x2.abs i64x2.neg'],
  [0xfd_0c3, 'none', 'v:i', 'i64x2.all_true i64x2.bitmask'],
  [0xfd_0c7, 'none', 'v:v', 'i64x2.extend_low_i32x4_s i64x2.extend_high_i32x4_s'],
  [0xfd_0c9, 'none', 'v:v', 'i64x2.extend_low_i32x4_u i64x2.extend_high_i32x4_u'],
  [0xfd_0cb, 'none', 'vi:v', 'i64x2.shl i64x2.shr_s i64x2.shr_u'],
  [0xfd_0ce, 'none', 'vv:v', 'i64x2.add'],
  [0xfd_0d1, 'none', 'vv:v', 'i64x2.sub'],
  [0xfd_0d5, 'none', 'vv:v', 'i64x2.mul i64x2.eq i64x2.ne i64x2.lt_s i64x2.gt_s i64x2.le_s'],
  [0xfd_0db, 'none', 'vv:v', 'i64x2.ge_s i64x2.extmul_low_i32x4_s i64x2.extmul_high_i32x4_s'],
  [0xfd_0de, 'none', 'vv:v', 'i64x2.extmul_low_i32x4_u i64x2.extmul_high_i32x4_u'],
  [0xfd_0e0, 'none', 'v:v', 'f32x4.abs f32x4.neg'],
  [0xfd_0e3, 'none', 'v:v', 'f32x4.sqrt'],
  [0xfd_0e4, 'none', 'vv:v', 'f32x4.add f32x4.sub f32x4.mul f32x4.div f32x4.min f32x4.max'],
  [0xfd_0ea, 'none', 'vv:v', 'f32x4.pmin f32x4.pmax'],
  [0xfd_0ec, 'none', 'v:v', 'f64x2.abs f64x2.neg'],
  [0xfd_0ef, 'none', 'v:v', 'f64x2.sqrt'],
  [0xfd_0f0, 'none', 'vv:v', 'f64x2.add f64x2.sub f64x2.mul f64x2.div f64x2.min f64x2.max'],
  [0xfd_0f6, 'none', 'vv:v', 'f64x2.pmin f64x2.pmax'],
  [0xfd_0f8, 'none', 'v:v', 'i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u'],
  [0xfd_0fa, 'none', 'v:v', 'f32x4.convert_i32x4_s f32x4.convert_i32x4_u'],
  [0xfd_0fc, 'none', 'v:v', 'i32x4.trunc_sat_f64x2_s_zero i32x4.trunc_sat_f64x2_u_zero'],
  [0xfd_0fe, 'none', 'v:v', 'f64x2.convert_low_i32x4_s f64x2.convert_low_i32x4_u'],
  [0xfd_100, 'none', 'vv:v', 'i8x16.relaxed_swizzle'],
  [0xfd_101, 'none', 'v:v', 'i32x4.relaxed_trunc_f32x4_s i32x4.relaxed_trunc_f32x4_u'],
  [0xfd_103, 'none', 'v:v', 'i32x4.relaxed_trunc_f64x2_s_zero i32x4.relaxed_trunc_f64x2_u_zero'],
  [0xfd_105, 'none', 'vvv:v', 'f32x4.relaxed_madd f32x4.relaxed_nmadd'],
  [0xfd_107, 'none', 'vvv:v', 'f64x2.relaxed_madd f64x2.relaxed_nmadd'],
  [0xfd_109, 'none', 'vvv:v', 'i8x16.relaxed_laneselect i16x8.relaxed_laneselect'],
  [0xfd_10b, 'none', 'vvv:v', 'i32x4.relaxed_laneselect i64x2.relaxed_laneselect'],
  [0xfd_10d, 'none', 'vv:v', 'f32x4.relaxed_min f32x4.relaxed_max'],
  [0xfd_10f, 'none', 'vv:v', 'f64x2.relaxed_min f64x2.relaxed_max'],
  [0xfd_111, 'none', 'vv:v', 'i16x8.relaxed_q15mulr_s i16x8.relaxed_dot_i8x16_i7x16_s'],
  [0xfd_113, 'none', 'vvv:v', 'i32x4.relaxed_dot_i8x16_i7x16_add_s'],

  [0xfe_000, 'memory', 'ii:i', 'memory.atomic.notify', 4],
  [0xfe_001, 'memory', 'iil:i', 'memory.atomic.wait32', 4],
  [0xfe_002, 'memory', 'ill:i', 'memory.atomic.wait64', 8],
  [0xfe_003, 'reserved', ':', 'atomic.fence'],
  [0xfe_010, 'memory', 'i:i', 'i32.atomic.load', 4],
  [0xfe_011, 'memory', 'i:l', 'i64.atomic.load', 8],
  [0xfe_012, 'memory', 'i:i', 'i32.atomic.load8_u', 1],
  [0xfe_013, 'memory', 'i:i', 'i32.atomic.load16_u', 2],
  [0xfe_014, 'memory', 'i:l', 'i64.atomic.load8_u', 1],
  [0xfe_015, 'memory', 'i:l', 'i64.atomic.load16_u', 2],
  [0xfe_016, 'memory', 'i:l', 'i64.atomic.load32_u', 4],
  [0xfe_017, 'memory', 'ii:', 'i32.atomic.store', 4],
  [0xfe_018, 'memory', 'il:', 'i64.atomic.store', 8],
  [0xfe_019, 'memory', 'ii:', 'i32.atomic.store8', 1],
  [0xfe_01a, 'memory', 'ii:', 'i32.atomic.store16', 2],
  [0xfe_01b, 'memory', 'il:', 'i64.atomic.store8', 1],
  [0xfe_01c, 'memory', 'il:', 'i64.atomic.store16', 2],
  [0xfe_01d, 'memory', 'il:', 'i64.atomic.store32', 4],
];

/** Read-modify-writes: each for the seven widths that follow. */
const MODIFIERS = ['add', 'sub', 'and', 'or', 'xor', 'xchg', 'cmpxchg'] as const;
const FIRST_MODIFIER = 0xfe_01e;
const MODIFIED = [
  ['i32.atomic.rmw.', '', 'i', 4],
  ['i64.atomic.rmw.', '', 'l', 8],
  ['i32.atomic.rmw8.', '_u', 'i', 1],
  ['i32.atomic.rmw16.', '_u', 'i', 2],
  ['i64.atomic.rmw8.', '_u', 'l', 1],
  ['i64.atomic.rmw16.', '_u', 'l', 2],
  ['i64.atomic.rmw32.', '_u', 'l', 4],
] as const;

const PAGE = 512;
const FIRST_PREFIX = 0xfb;
const LAST_PREFIX = 0xfe;
const OPCODES = (LAST_PREFIX - FIRST_PREFIX + 2) * PAGE;

/**
 * An opcode as a small number, by which the tables below are indexed: the byte itself, or for those of two parts a
 * page of the prefix's own. `second` is below 512.
 */
export function opcode(prefix: number, second: number): number {
  return (prefix - FIRST_PREFIX + 1) * PAGE + second;
}

/** The bytes of an opcode: its prefix, 0 for none, and what follows it. */
export function opcodeParts(op: number): { readonly prefix: number; readonly second: number } {
  return op < PAGE
    ? { prefix: 0, second: op }
    : { prefix: FIRST_PREFIX - 1 + ((op / PAGE) | 0), second: op % PAGE };
}

export function isPrefix(byte: number): boolean {
  return byte >= FIRST_PREFIX && byte <= LAST_PREFIX;
}

export interface OpcodeTable {
  /** An `IMMEDIATE`. */
  readonly immediate: Uint8Array;
  /** How many values it takes and gives, where `fixed` is 1. */
  readonly takes: Uint8Array;
  readonly gives: Uint8Array;
  readonly fixed: Uint8Array;
  /** Bytes of memory that it touches at an address with an offset; 0 for none. */
  readonly bytes: Uint8Array;
  readonly signature: { readonly [op: number]: string };
  readonly name: { readonly [op: number]: string };
}

/** Builds the table that everything here goes by. */
function buildTable(): OpcodeTable {
  const signature = { __proto__: null } as unknown as { [op: number]: string };
  const name = { __proto__: null } as unknown as { [op: number]: string };
  const table = {
    immediate: new IntrinsicUint8Array(OPCODES),
    takes: new IntrinsicUint8Array(OPCODES),
    gives: new IntrinsicUint8Array(OPCODES),
    fixed: new IntrinsicUint8Array(OPCODES),
    bytes: new IntrinsicUint8Array(OPCODES),
    signature,
    name,
  };
  const define = (
    code: number,
    of: keyof typeof IMMEDIATE,
    types: string,
    named: string,
  ): number => {
    const op = code < 0x100 ? code : opcode(code >> 12, code & 0xfff);
    table.immediate[op] = IMMEDIATE[of];
    signature[op] = types;
    name[op] = named;
    if (types !== '?') {
      let takes = 0;
      while (types[takes] !== ':') takes++;
      table.takes[op] = takes;
      table.gives[op] = types.length - takes - 1;
      table.fixed[op] = 1;
    }
    return op;
  };

  // Neither spread nor taken apart: that would ask the page's iterators, and what is missing, the page's prototypes.
  for (let i = 0; i < ROWS.length; i++) {
    const row = ROWS[i] as Row;
    const bytes = row.length > 4 ? (row[4] as number) : 0;
    const names = row[3];
    let code = row[0];
    let from = 0;
    for (let to = 0; to <= names.length; to++) {
      if (to < names.length && charCodeAt(names, to) !== 0x20) continue;
      table.bytes[define(code++, row[1], row[2], slice(names, from, to))] = bytes;
      from = to + 1;
    }
  }
  for (let i = 0; i < MODIFIERS.length; i++) {
    const modifier = MODIFIERS[i] as string;
    for (let width = 0; width < MODIFIED.length; width++) {
      const row = MODIFIED[width] as (typeof MODIFIED)[number];
      const type = row[2];
      const operands = modifier === 'cmpxchg' ? type + type : type;
      const code = FIRST_MODIFIER + i * MODIFIED.length + width;
      const named = row[0] + modifier + row[1];
      table.bytes[define(code, 'memory', `i${operands}:${type}`, named)] = row[3];
    }
  }
  return table;
}

export const OPCODE: OpcodeTable = buildTable();

/** The opcodes that something here treats specially, by name. */
export const OP = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  try: 0x06,
  catch: 0x07,
  throw: 0x08,
  rethrow: 0x09,
  throwRef: 0x0a,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  callRef: 0x14,
  returnCallRef: 0x15,
  delegate: 0x18,
  catchAll: 0x19,
  select: 0x1b,
  tryTable: 0x1f,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  i32Load: 0x28,
  i64Load: 0x29,
  i32Load8U: 0x2d,
  i32Load16U: 0x2f,
  memorySize: 0x3f,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i64Const: 0x42,
  i32Eqz: 0x45,
  i32Eq: 0x46,
  i32Ne: 0x47,
  i32LtU: 0x49,
  i32GtS: 0x4a,
  i32GtU: 0x4b,
  i32LeU: 0x4d,
  i32GeS: 0x4e,
  i32GeU: 0x4f,
  i64Eqz: 0x50,
  i64Eq: 0x51,
  i64Ne: 0x52,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32Mul: 0x6c,
  i32And: 0x71,
  i32Or: 0x72,
  i32Xor: 0x73,
  i32Shl: 0x74,
  i32ShrU: 0x76,
  i64And: 0x83,
  i64Or: 0x84,
  i64ShrU: 0x88,
  i32WrapI64: 0xa7,
  i64ExtendI32U: 0xad,
  refFunc: 0xd2,
  brOnNull: 0xd5,
  brOnNonNull: 0xd6,
  brOnCast: opcode(0xfb, 0x18),
  brOnCastFail: opcode(0xfb, 0x19),
  memoryInit: opcode(0xfc, 0x08),
  memoryCopy: opcode(0xfc, 0x0a),
  memoryFill: opcode(0xfc, 0x0b),
  atomicNotify: opcode(0xfe, 0x00),
  atomicWait32: opcode(0xfe, 0x01),
  atomicWait64: opcode(0xfe, 0x02),
  atomicFence: opcode(0xfe, 0x03),
  i32AtomicLoad: opcode(0xfe, 0x10),
  i64AtomicLoad: opcode(0xfe, 0x11),
  i32AtomicRmwAdd: opcode(0xfe, 0x1e),
} as const;
