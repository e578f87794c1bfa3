import { processAfterDestroy } from './process-after-destroy.ts';
import type { Rule } from './rule.ts';
import { zombieProcessor } from './zombie-processor.ts';

/** Every rule by its id. Ids are stable: add, never rename. */
export const RULES = {
  'process-after-destroy': processAfterDestroy,
  'zombie-processor': zombieProcessor,
} as const satisfies { readonly [id: string]: Rule };

export type RuleId = keyof typeof RULES;
