import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Certainty, Finding, Severity } from '../../src/analysis/finding.ts';
import { PAGES } from './server.ts';

/** One finding that a page of the zoo declares in its markup. */
export interface Expected {
  readonly rule: string;
  readonly severity: Severity;
  readonly certainty: Certainty;
  /** A part of the label of the entity that it is on. */
  readonly on: string;
}

/** A page of the zoo, opened one of the ways that its markup has declarations for. */
export interface Exhibit {
  /** `wrong/zombie-processor.html?isolated` */
  readonly path: string;
  readonly isolated: boolean;
  readonly findings: readonly Expected[];
}

interface Declaration {
  readonly isolated: boolean;
  readonly findings: readonly Expected[];
}

export const GROUPS = ['wrong', 'right', 'shapes', 'packages'] as const;
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
  const json = DECLARATIONS.exec(readPage(file))?.[1];
  if (json === undefined) throw new Error(`${file} declares nothing`);
  const declarations = JSON.parse(json) as readonly Declaration[];
  return declarations.map(({ isolated, findings }) => ({
    path: isolated ? `${file}?isolated` : file,
    isolated,
    findings,
  }));
}

/**
 * The findings of a page in the words of its declaration, to be compared with it: every warning and
 * error, and of the infos those whose rule it names. `on` is the declared part of the label where the
 * label has it, else the label.
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
  return seen.filter(({ severity, rule }) => severity !== 'info' || declared(rule)).sort(byRule);
}

export function byRule(a: Expected, b: Expected): number {
  const key = ({ rule, on }: Expected) => `${rule} ${on}`;
  return key(a) < key(b) ? -1 : Number(key(a) > key(b));
}
