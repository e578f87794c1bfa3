import type { MemoryLevel } from '../../shared/settings.ts';

/** Why the heap view has nothing to show. */
export type HeapEmptyReason = 'file' | 'ledger' | 'not-isolated' | 'nothing';

export function emptyReason(
  level: MemoryLevel,
  isolated: boolean,
  isFile: boolean,
): HeapEmptyReason {
  if (isFile) return 'file';
  if (!isolated) return 'not-isolated';
  return level === 'ledger' ? 'ledger' : 'nothing';
}
