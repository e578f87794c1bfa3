import type { CallColumns } from '../../src/analysis/model.ts';
import type { Session } from '../../src/analysis/session.ts';

/**
 * All facts of a session as one text, to compare two sessions by: entities by their keys, calls one
 * by one, and lists whose order says nothing sorted.
 */
export function factsText(session: Session): string {
  const { totals, documents } = session;
  const coverage = [...session.coverage].sort();
  return JSON.stringify(
    { totals, coverage, documents: documents.map((each) => plain(each)) },
    undefined,
    1,
  );
}

const REFERENCES: ReadonlySet<string> = new Set(['document', 'context', 'audioThread', 'thread']);

function plain(value: unknown, key = ''): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Map) {
    const entries = [...value].sort(([a], [b]) => Number(a) - Number(b));
    return entries.map(([, each]) => plain(each, 'entity'));
  }
  if (isCalls(value)) return callsText(value);
  if (REFERENCES.has(key)) return nameOf(value);
  if (key === 'clock') return undefined;
  if (Array.isArray(value)) {
    const items = value.map((each) => (key === 'nodes' ? nameOf(each) : plain(each, 'item')));
    return key === 'messages' || key === 'coverage' ? sorted(items) : items;
  }
  const out: { [field: string]: unknown } = {};
  for (const field of fieldsOf(value)) {
    const found = (value as { readonly [field: string]: unknown })[field];
    out[field] = plain(found, field);
  }
  return out;
}

/** Own fields and the getters of classes, in one fixed order. */
function fieldsOf(value: object): readonly string[] {
  const names = new Set(Object.keys(value));
  const prototype: object = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype) {
    for (const [name, { get }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (get !== undefined) names.add(name);
    }
  }
  return [...names].sort();
}

function isCalls(value: object): value is CallColumns {
  return 'firstEnteredAfter' in value;
}

function callsText(calls: CallColumns): readonly string[] {
  const out: string[] = [];
  for (let i = 0; i < calls.length; i++) out.push(Object.values(calls.at(i) ?? {}).join(' '));
  return out;
}

function nameOf(value: unknown): unknown {
  const { key, id, index } = value as { readonly [field: string]: unknown };
  return key ?? id ?? index;
}

function sorted(items: readonly unknown[]): readonly unknown[] {
  return items.map((each) => JSON.stringify(each)).sort();
}
