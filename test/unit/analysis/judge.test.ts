import { expect, test } from 'vitest';
import { judge, judgeBy } from '../../../src/analysis/judge.ts';
import { processorError } from '../../../src/analysis/rules/processor-error.ts';
import type { Rule } from '../../../src/analysis/rules/rule.ts';
import { DEFAULT_THRESHOLDS, THRESHOLDS } from '../../../src/analysis/thresholds.ts';
import { findings, lineOf, sessionOf } from '../../support/text-records.ts';

const BROKEN: Rule = {
  id: 'broken',
  severity: 'error',
  title: 'A rule that throws',
  explain: '',
  help: '',
  link: '',
  find(scene) {
    throw new TypeError(`no rate ${scene.nodes[0]?.context.sampleRate}`);
  },
};

const FAILED = `
  0     nodeCreated  node=7
  2667  process      node=7 returned=threw
`;

test('a rule that throws becomes a finding about itself, and the others go on', () => {
  const found = judgeBy([BROKEN, processorError], sessionOf(FAILED));
  expect(found.map(lineOf)).toEqual([
    'processor-error error proven 0/n7 ×1',
    'rule-fault info proven broken ×1',
  ]);
  expect(found[1]?.message).toContain('TypeError: no rate 48000');
});

test('findings come gravest first, then by time', () => {
  expect(
    findings(`
      0      nodeCreated        node=7
      0      nodeCreated        node=8 memory=wasm
      0      nodeCreated        node=9
      2667   process            node=7 times=4 sends=1
      30000  declaredDestroyed  node=8
      30000  declaredDestroyed  node=7
      30001  declaredDestroyed  node=9
      32000  process            node=7
      35000  process            node=8
      30100  process            node=9
    `),
  ).toEqual([
    'process-after-destroy error proven 0/n8 ×1',
    'process-after-destroy warning proven 0/n9 ×1',
    'process-after-destroy warning proven 0/n7 ×1',
  ]);
});

test('thresholds are settings', () => {
  const text = '0 nodeCreated node=7\n 2667 process node=7 times=4 sends=1';
  expect(findings(text)).toEqual([]);
  expect(findings(text, { thresholds: { postingCalls: 4 } })).toEqual([
    'postmessage-in-process info proven 0/n7 ×4',
  ]);
  for (const [name, { value }] of Object.entries(THRESHOLDS)) {
    expect(DEFAULT_THRESHOLDS).toHaveProperty(name, value);
  }
});

test('a session without records has nothing to judge', () => {
  expect(judge(sessionOf(''))).toEqual([]);
});
