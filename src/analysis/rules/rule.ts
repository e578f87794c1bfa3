import type { Certainty, Evidence, Finding, FindingEntity, Severity } from '../finding.ts';
import type { NodeFacts } from '../model.ts';
import type { Scene } from '../scene.ts';

/** One bug the tool knows. `docs/rules.md` is printed from these. */
export interface Rule {
  /** Stable: reports and filters hold it. */
  readonly id: string;
  /** The usual one; a finding may be graver or milder. */
  readonly severity: Severity;
  readonly title: string;
  /** What it means and when it fires, in plain words. */
  readonly explain: string;
  /** How to mend it. */
  readonly help: string;
  readonly link: string;
  find(scene: Scene): Iterable<FindingDraft>;
}

/** A finding without what the rule itself says of it. */
export interface FindingDraft {
  readonly entity: FindingEntity;
  readonly severity?: Severity;
  readonly certainty: Certainty;
  readonly count: number;
  readonly first: Finding['first'];
  readonly last: Finding['last'];
  readonly message: string;
  readonly evidence: readonly Evidence[];
  readonly stacks: Finding['stacks'];
}

export const SPEC = 'https://webaudio.github.io/web-audio-api/';
export const EMSCRIPTEN_ISSUE = 'https://github.com/emscripten-core/emscripten/issues/25884';

/** Uses of a destroyed node are errors where they reach memory that others may own by now. */
export function useSeverity(node: NodeFacts): Severity {
  return node.emscripten !== 'no' || node.memory !== 'none' ? 'error' : 'warning';
}

/** What a call of this node touches, for messages. */
export function useWords(node: NodeFacts): string {
  if (node.emscripten !== 'no') return 'each call enters WebAssembly with its userData';
  if (node.memory === 'wasm') return 'its processor holds WebAssembly memory';
  if (node.memory === 'shared') return 'its processor holds shared memory';
  return 'what it uses may be gone';
}
