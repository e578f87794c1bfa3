import { expect, test } from 'vitest';
import type { Finding } from '../../../src/analysis/finding.ts';
import { firstLook, perfettoUrl } from '../../../src/export/open-in-perfetto.ts';
import { encodeTrace } from '../../../src/export/perfetto/trace.ts';
import type { Micros } from '../../../src/shared/units.ts';
import { sessionOf } from '../../support/text-records.ts';
import { openTrace } from '../../support/trace-processor.ts';

const finding = (rule: string, label: string, changes: Partial<Finding> = {}): Finding => ({
  id: `${rule}:${label}`,
  rule,
  severity: 'warning',
  certainty: 'proven',
  entity: { kind: 'node', id: '0/n7', label },
  count: 1,
  first: 50_000 as Micros,
  last: 60_000 as Micros,
  message: 'It went on.',
  help: 'Wait.',
  link: '',
  evidence: [],
  stacks: {},
  ...changes,
});

function partsOf(url: string) {
  const query = new URLSearchParams(url.slice(url.indexOf('#!/?') + 4));
  const commands: readonly { readonly id: string; readonly args: readonly string[] }[] = JSON.parse(
    query.get('startupCommands') ?? '[]',
  );
  const args = (id: string) =>
    commands.filter((each) => each.id === `dev.perfetto.${id}`).map((each) => each.args[0] ?? '');
  return { query, args };
}

test('pins the tracks of the rules that fired, then those of their nodes', () => {
  const { args } = partsOf(
    perfettoUrl([
      finding('zombie-processor', 'noise #7'),
      finding('process-after-destroy', 'a.b(c) #8', { severity: 'error' }),
    ]),
  );
  expect(args('PinTracksByRegex')).toEqual([
    '^(zombie-processor|process-after-destroy)$',
    '^(a\\.b\\(c\\) #8|noise #7)$',
  ]);
  expect('a.b(c) #8').toMatch(new RegExp(args('PinTracksByRegex')[1] ?? ''));
});

test('opens the groups that lead to the nodes', () => {
  const [pattern = ''] = partsOf(perfettoUrl([])).args('ExpandTracksByRegex');
  for (const name of [
    'Findings',
    'Web Audio',
    'AudioContext #12',
    'OfflineAudioContext #1',
    'https://example.test/ 5000000',
  ]) {
    expect(name).toMatch(new RegExp(pattern));
  }
  for (const name of ['noise #7', 'Chrome 1234', 'state']) {
    expect(name).not.toMatch(new RegExp(pattern));
  }
});

test('shows a table of findings by a query that finds them', () => {
  const findings = [finding('zombie-processor', 'noise #7')];
  const session = sessionOf('0 nodeCreated node=7\n1000 process node=7 times=40');
  const [query = ''] = partsOf(perfettoUrl(findings)).args('RunQueryAndShowTab');
  expect(openTrace(encodeTrace(session, findings)).query(query)).toEqual([
    {
      ts: 1_700_000_000_050_000_000n,
      severity: 'warning',
      certainty: 'proven',
      rule: 'zombie-processor',
      entity: 'noise #7',
      count: 1,
      message: 'It went on.',
      help: 'Wait.',
    },
  ]);
});

test('looks at the first of the worst findings', () => {
  const session = sessionOf('0 nodeCreated node=7');
  const findings = [
    finding('zombie-processor', 'noise #7', { first: 10_000 as Micros }),
    finding('process-after-destroy', 'noise #7', { severity: 'error', first: 90_000 as Micros }),
  ];
  const range = firstLook(session, findings);
  expect(range).toEqual({
    startNs: 1_700_000_000_060_000_000n,
    endNs: 1_700_000_000_260_000_000n,
  });
  const { query } = partsOf(perfettoUrl(findings, range));
  expect(query.get('visStart')).toBe('1700000000060000000');
  expect(query.get('visEnd')).toBe('1700000000260000000');
  expect(firstLook(session, [])).toBeUndefined();
});

test('stays an address however many nodes are in trouble', () => {
  const many = Array.from({ length: 500 }, (_, i) => finding('zombie-processor', `noise #${i}`));
  expect(perfettoUrl(many).length).toBeLessThan(4000);
});

test('hands text from a page over as text', () => {
  const url = perfettoUrl([finding('zombie-processor', '"}]&visStart=0#<script>|.*')]);
  const { query, args } = partsOf(url);
  expect(query.get('visStart')).toBeNull();
  expect('"}]&visStart=0#<script>|.*').toMatch(new RegExp(args('PinTracksByRegex')[1] ?? ''));
  expect('anything').not.toMatch(new RegExp(args('PinTracksByRegex')[1] ?? ''));
});
