import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Certainty, Finding, Severity } from '../../src/analysis/finding.ts';
import type { JudgedTeardown } from '../../src/analysis/judge-teardowns.ts';
import { nodeLabel } from '../../src/analysis/labels.ts';
import type { MemoryLevel } from '../../src/shared/settings.ts';
import { PAGES } from './server.ts';

/** One finding that a page of the zoo declares in its markup. */
export interface Expected {
  readonly rule: string;
  readonly severity: Severity;
  readonly certainty: Certainty;
  /** A part of the label of the entity that it is on. */
  readonly on: string;
}

/** The verdict on one teardown that a page declares. */
export interface ExpectedTeardown {
  /** A part of the label of the node that used what was released. */
  readonly on: string;
  readonly release: JudgedTeardown['release'];
  readonly verdict: JudgedTeardown['verdict'];
  /** What orders it; of ordered ones only. */
  readonly by?: NonNullable<JudgedTeardown['by']>;
  readonly certainty: Certainty;
}

interface Declaration {
  readonly isolated: boolean;
  /** How much is to be seen of memory; the ledger, where it does not say. */
  readonly memory?: MemoryLevel;
  readonly findings: readonly Expected[];
  /** All teardowns of the page. Not compared where they are not declared. */
  readonly teardowns?: readonly ExpectedTeardown[];
}

/** A page of the zoo, opened one of the ways that its markup has declarations for. */
export interface Exhibit extends Declaration {
  /** `wrong/zombie-processor.html?isolated` */
  readonly path: string;
  /** Whether it must have the machine to itself, by its markup. */
  readonly alone: boolean;
}

/** True of any page where the machine had too much else to do: no verdict of a test may rest on how fast it was. */
const BY_THE_MACHINE = 'quantum-overrun';

export const GROUPS = ['wrong', 'right', 'shapes', 'packages'] as const;
const ALONE_MARK = '<meta name="lifeline-alone">';
const DECLARATIONS = /<script type="application\/json" id="expect">([^<]*)<\/script>/;

/** The files of a group, `wrong/zombie-processor.html` and so on. */
export function pagesOf(group: (typeof GROUPS)[number]): readonly string[] {
  const files = readdirSync(resolve(PAGES, group)).filter((file) => file.endsWith('.html'));
  return files.sort().map((file) => `${group}/${file}`);
}

export function readPage(file: string): string {
  return readFileSync(resolve(PAGES, file), 'utf8');
}

/** What is to be seen on a page: one exhibit for each of its declarations. */
export function exhibitsOf(file: string): readonly Exhibit[] {
  const page = readPage(file);
  const json = DECLARATIONS.exec(page)?.[1];
  if (json === undefined) throw new Error(`${file} declares nothing`);
  const declarations = JSON.parse(json) as readonly Declaration[];
  return declarations.map((declared) => ({
    ...declared,
    path: declared.isolated ? `${file}?isolated` : file,
    alone: page.includes(ALONE_MARK),
  }));
}

/**
 * The findings of a page in the words of its declaration, to be compared with it: every warning and
 * error, but overruns that it does not declare, and of the infos those whose rule it names. `on` is
 * the declared part of the label where the label has it, else the label.
 */
export function asDeclared(
  findings: readonly Pick<Finding, 'rule' | 'severity' | 'certainty' | 'entity'>[],
  expected: readonly Expected[],
): readonly Expected[] {
  const seen = findings.map(({ rule, severity, certainty, entity }) => {
    const named = expected.find((each) => each.rule === rule && entity.label.includes(each.on));
    return { rule, severity, certainty, on: named?.on ?? entity.label };
  });
  const declared = (rule: string) => expected.some((each) => each.rule === rule);
  const counts = ({ rule, severity }: Expected) => severity !== 'info' && rule !== BY_THE_MACHINE;
  return seen.filter((each) => counts(each) || declared(each.rule)).sort(byRule);
}

/** The verdicts on teardowns in the words of a declaration. `on` as in `asDeclared`. */
export function teardownsAsDeclared(
  teardowns: readonly JudgedTeardown[],
  expected: readonly ExpectedTeardown[],
): readonly ExpectedTeardown[] {
  const seen = teardowns.map(({ node, release, verdict, by, certainty }) => {
    const label = nodeLabel(node);
    const on = expected.find((each) => label.includes(each.on))?.on ?? label;
    return { on, release, verdict, ...(by === undefined ? {} : { by }), certainty };
  });
  return seen.sort(byText);
}

export function byText(a: unknown, b: unknown): number {
  const [one, other] = [JSON.stringify(a), JSON.stringify(b)];
  return one < other ? -1 : Number(one > other);
}

export function byRule(a: Expected, b: Expected): number {
  const key = ({ rule, on }: Expected) => `${rule} ${on}`;
  return key(a) < key(b) ? -1 : Number(key(a) > key(b));
}
