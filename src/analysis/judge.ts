import type { Micros } from '../shared/units.ts';
import type { Finding, Severity } from './finding.ts';
import { RULES } from './rules/registry.ts';
import { type FindingDraft, type Rule, SPEC } from './rules/rule.ts';
import { Scene } from './scene.ts';
import type { Session } from './session.ts';
import type { Thresholds } from './thresholds.ts';

const GRAVITY: { readonly [severity in Severity]: number } = { error: 0, warning: 1, info: 2 };

/**
 * All findings of the session as it stands, gravest first, then by time. A function of the facts
 * alone, cheap enough to be asked ten times a second. A rule that throws becomes a finding about
 * itself; the others go on.
 */
export function judge(session: Session, thresholds?: Partial<Thresholds>): readonly Finding[] {
  return judgeBy(Object.values(RULES), session, thresholds);
}

export function judgeBy(
  rules: readonly Rule[],
  session: Session,
  thresholds?: Partial<Thresholds>,
): readonly Finding[] {
  const scene = new Scene(session, thresholds);
  const findings: Finding[] = [];
  for (const rule of rules) {
    try {
      const found = Array.from(rule.find(scene), (draft) => findingOf(rule, draft));
      for (const finding of found) findings.push(finding);
    } catch (fault) {
      findings.push(ruleFault(rule, fault));
    }
  }
  return findings.sort(compareFindings);
}

function findingOf(rule: Rule, draft: FindingDraft): Finding {
  return {
    ...draft,
    id: `${rule.id}:${draft.entity.id}`,
    rule: rule.id,
    severity: draft.severity ?? rule.severity,
    help: rule.help,
    link: rule.link,
  };
}

function ruleFault(rule: Rule, fault: unknown): Finding {
  const words = fault instanceof Error ? `${fault.name}: ${fault.message}` : String(fault);
  return {
    id: `rule-fault:${rule.id}`,
    rule: 'rule-fault',
    severity: 'info',
    certainty: 'proven',
    entity: { kind: 'thread', id: rule.id, label: `rule ${rule.id}` },
    count: 1,
    first: 0 as Micros,
    last: 0 as Micros,
    message: `The rule ${rule.id} failed on this session and said nothing: ${words}`,
    help: 'This is a bug of Worklet Lifeline. Save the session and report it.',
    link: SPEC,
    evidence: [],
    stacks: {},
  };
}

function compareFindings(a: Finding, b: Finding): number {
  return (
    GRAVITY[a.severity] - GRAVITY[b.severity] ||
    a.first - b.first ||
    (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
  );
}
