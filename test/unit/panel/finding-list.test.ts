import { expect, test } from 'vitest';
import type { Severity } from '../../../src/analysis/finding.ts';
import {
  buildFindingList,
  countBySeverity,
  type FindingColumn,
  SEVERITIES,
  stepFinding,
} from '../../../src/panel/findings/finding-list-model.ts';
import type { ShownFinding } from '../../../src/panel/worker/protocol.ts';
import type { Micros } from '../../../src/shared/units.ts';

function finding(id: string, severity: Severity, over: Partial<ShownFinding> = {}): ShownFinding {
  return {
    id,
    rule: 'zombie-processor',
    title: 'A detached processor goes on running',
    explain: '',
    severity,
    certainty: 'proven',
    entity: { kind: 'node', id: '0/n1', label: 'reverb #1' },
    count: 1,
    first: 0 as Micros,
    last: 0 as Micros,
    firstAt: 0,
    lastAt: 0,
    message: '',
    help: '',
    link: '',
    evidence: [],
    evidenceAt: [],
    stacks: {},
    row: '0/n1',
    ...over,
  };
}

const FINDINGS = [
  finding('a', 'warning', { firstAt: 30, count: 4 }),
  finding('b', 'error', { firstAt: 20, rule: 'process-after-destroy', count: 900 }),
  finding('c', 'info', { firstAt: 10, certainty: 'likely' }),
  finding('d', 'error', {
    firstAt: 5,
    rule: 'processor-error',
    entity: { kind: 'node', id: '0/n10', label: 'synth #10' },
  }),
];

function ids(text: string, by: FindingColumn = 'severity', descending = false): string {
  const severities = new Set<Severity>(SEVERITIES);
  const list = buildFindingList(FINDINGS, { text, severities, order: { by, descending } });
  return list.map(({ id }) => id).join('');
}

test('the gravest comes first, then the earliest', () => {
  expect(ids('')).toBe('dbac');
});

test('every column sorts both ways', () => {
  expect(ids('', 'time')).toBe('dcba');
  expect(ids('', 'time', true)).toBe('abcd');
  expect(ids('', 'count', true)).toBe('badc');
  expect(ids('', 'rule')).toBe('bdca');
  expect(ids('', 'entity', true).startsWith('d')).toBe(true);
  expect(ids('', 'certainty').endsWith('c')).toBe(true);
});

test('a filter finds words in any order, in rule, title, entity and severity', () => {
  expect(ids('synth')).toBe('d');
  expect(ids('error processor')).toBe('db');
  expect(ids('reverb zombie')).toBe('ac');
  expect(ids('likely')).toBe('c');
  expect(ids('nothing like it')).toBe('');
});

test('severities that are switched off are left out', () => {
  const list = buildFindingList(FINDINGS, {
    text: '',
    severities: new Set<Severity>(['warning']),
    order: { by: 'time', descending: false },
  });
  expect(list.map(({ id }) => id)).toEqual(['a']);
});

test('arrow keys walk the list and stop at its ends', () => {
  expect(stepFinding(FINDINGS, undefined, 1)?.id).toBe('a');
  expect(stepFinding(FINDINGS, undefined, -1)?.id).toBe('d');
  expect(stepFinding(FINDINGS, 'a', 1)?.id).toBe('b');
  expect(stepFinding(FINDINGS, 'a', -1)?.id).toBe('a');
  expect(stepFinding(FINDINGS, 'b', 8)?.id).toBe('d');
  expect(stepFinding(FINDINGS, 'b', 'first')?.id).toBe('a');
  expect(stepFinding(FINDINGS, 'gone', 'last')?.id).toBe('d');
  expect(stepFinding([], undefined, 1)).toBeUndefined();
});

test('counts are by severity', () => {
  expect(countBySeverity(FINDINGS)).toEqual({ error: 2, warning: 1, info: 1 });
});
