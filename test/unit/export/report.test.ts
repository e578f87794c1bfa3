import { describe, expect, test } from 'vitest';
import type { Finding } from '../../../src/analysis/finding.ts';
import { judge } from '../../../src/analysis/judge.ts';
import {
  buildReport,
  type Report,
  reportTable,
  type TeardownToReport,
} from '../../../src/export/report.ts';
import type { Micros } from '../../../src/shared/units.ts';
import { sessionOf, sessionOfInputs, textInputs } from '../../support/text-records.ts';

const ORIGIN = { url: 'https://example.test/', browser: 'Chromium 156', seconds: 5 };

const FINDING: Finding = {
  id: 'zombie-processor:0/n7',
  rule: 'zombie-processor',
  severity: 'warning',
  certainty: 'likely',
  entity: { kind: 'node', id: '0/n7', label: 'noise #7' },
  count: 400,
  first: 1_234_500 as Micros,
  last: 2_300_000 as Micros,
  message: 'noise #7 was detached and is still called.',
  help: 'Let process() return false.',
  link: 'https://webaudio.github.io/web-audio-api/#rendering-loop',
  evidence: [{ at: 1_234_500 as Micros, thread: 'audio #1', what: 'a call' }],
  stacks: { create: ['start (https://example.test/main.js:12:5)'] },
};

const TEARDOWN: TeardownToReport = {
  entity: { kind: 'node', id: '0/n7', label: 'noise #7' },
  verdict: 'racy',
  by: undefined,
  certainty: 'proven',
  at: 1_500_250 as Micros,
  release: 'closed',
  message: 'Nothing orders the last call of noise #7 and the closing of its port.',
  evidence: [{ at: 1_500_250 as Micros, thread: 'main', what: 'its port was closed' }],
};

describe('a report', () => {
  test('says what stress teardown did, where it did, and nothing where it was not there', () => {
    const session = sessionOf(`
      0     nodeCreated   node=7 processorName=voice
      1000  stressed      node=7 context=1 action=suspend seed=42 step=3 micros=20000
      1500  stressed      node=7 context=1 action=nothing seed=42 step=4 micros=0
      21000 stressed      node=7 context=1 action=resume seed=42 step=3 micros=0
    `);
    const report = buildReport(session, [], [], ORIGIN);
    expect(report.stress).toEqual({
      seed: 42,
      steps: [
        { step: 3, action: 'suspend', ms: 20, atMs: 1, thread: 'page', entity: 'voice #7' },
        { step: 4, action: 'nothing', ms: 0, atMs: 1.5, thread: 'page', entity: 'voice #7' },
        { step: 3, action: 'resume', ms: 0, atMs: 21, thread: 'page', entity: 'voice #7' },
      ],
    });
    expect(reportTable(report)).toContain('stressed with seed 42: 2 interventions');
    const quiet = sessionOf('0 nodeCreated node=7');
    expect(buildReport(quiet, [], [], ORIGIN)).not.toHaveProperty('stress');
    const asked = buildReport(quiet, [], [], { ...ORIGIN, stress: 9 });
    expect(asked.stress).toEqual({ seed: 9, steps: [] });
    expect(reportTable(asked)).toContain('stressed with seed 9: 0 interventions');
  });

  test('is version 1, counts all frames and keeps what findings say', () => {
    const session = sessionOfInputs([
      ...textInputs('0 nodeCreated node=7\n1000 process node=7 times=4', { document: 'top' }),
      ...textInputs('0 nodeCreated node=7\n1000 process node=7 times=3', {
        document: 'frame',
        parentFrameId: 0,
        isolated: false,
      }),
    ]);
    expect(JSON.parse(JSON.stringify(buildReport(session, [FINDING], [TEARDOWN], ORIGIN)))).toEqual(
      {
        version: 1,
        url: 'https://example.test/',
        browser: 'Chromium 156',
        seconds: 5,
        isolated: true,
        calls: 7,
        lost: 0,
        contexts: 2,
        nodes: 2,
        coverage: [
          'The page is not cross-origin isolated: calls and page events are ordered by frames and times, not by one counter.',
        ],
        findings: [
          {
            rule: 'zombie-processor',
            severity: 'warning',
            certainty: 'likely',
            entity: { kind: 'node', id: '0/n7', label: 'noise #7' },
            count: 400,
            firstMs: 1234.5,
            lastMs: 2300,
            message: 'noise #7 was detached and is still called.',
            help: 'Let process() return false.',
            link: 'https://webaudio.github.io/web-audio-api/#rendering-loop',
            evidence: [{ ms: 1234.5, thread: 'audio #1', what: 'a call' }],
            stacks: { create: ['start (https://example.test/main.js:12:5)'] },
          },
        ],
        teardowns: [
          {
            entity: { kind: 'node', id: '0/n7', label: 'noise #7' },
            verdict: 'racy',
            by: '',
            certainty: 'proven',
            releaseMs: 1500.25,
            release: 'closed',
            message: 'Nothing orders the last call of noise #7 and the closing of its port.',
            evidence: [{ ms: 1500.25, thread: 'main', what: 'its port was closed' }],
          },
        ],
      },
    );
  });

  test('says what was lost and what could not be observed', () => {
    const session = sessionOf(`
      0     nodeCreated  node=7
      1000  lost         thread=1 count=42 why=ring-full
      2000  uncovered    what=prelude detail="the prelude did not load"
    `);
    const report = buildReport(session, [], [], ORIGIN);
    expect(report.lost).toBe(42);
    expect(report.coverage).toContainEqual(expect.stringContaining('the prelude did not load'));
  });

  test('of a session without a document is one of nothing', () => {
    expect(buildReport(sessionOfInputs([]), [], [], ORIGIN)).toMatchObject({
      isolated: false,
      calls: 0,
      contexts: 0,
    });
  });

  test('takes what the judge gives', () => {
    const session = sessionOf(`
      0       nodeCreated        node=7
      1000    process            node=7 times=4
      20000   declaredDestroyed  node=7
      21000   process            node=7 times=4
    `);
    const { findings } = buildReport(session, judge(session), [], ORIGIN);
    expect(findings.map((each) => each.rule)).toContain('process-after-destroy');
  });
});

describe('the table of a report', () => {
  const report = (changes: Partial<Report>): Report => ({
    ...buildReport(sessionOf('0 nodeCreated node=7'), [FINDING], [], ORIGIN),
    ...changes,
  });

  test('is a line a finding, and what to do about it', () => {
    const second = buildReport(
      sessionOfInputs([]),
      [
        {
          ...FINDING,
          rule: 'process-after-destroy',
          severity: 'error',
          count: 2,
          help: 'Wait. '.repeat(20),
        },
      ],
      [],
      ORIGIN,
    ).findings;
    expect(
      reportTable(report({ findings: [...second, ...report({}).findings], lost: 1 }), 72),
    ).toBe(
      [
        'https://example.test/',
        'Chromium 156 · 5 s · cross-origin isolated · 1 context · 1 node · 0 process() calls · 1 record lost',
        '',
        'SEVERITY  CERTAINTY  RULE                   ENTITY    COUNT    FIRST',
        'error     likely     process-after-destroy  noise #7      2  1.234 s',
        '  noise #7 was detached and is still called.',
        '  Mend: Wait. Wait. Wait. Wait. Wait. Wait. Wait. Wait. Wait. Wait.',
        '  Wait. Wait. Wait. Wait. Wait. Wait. Wait. Wait. Wait. Wait.',
        '  https://webaudio.github.io/web-audio-api/#rendering-loop',
        '',
        'warning   likely     zombie-processor       noise #7    400  1.234 s',
        '  noise #7 was detached and is still called.',
        '  Mend: Let process() return false.',
        '  https://webaudio.github.io/web-audio-api/#rendering-loop',
        '',
        '1 error, 1 warning, 0 info',
      ].join('\n'),
    );
  });

  test('counts teardowns, and has a line for each that nothing orders or that is not known', () => {
    const { teardowns } = buildReport(
      sessionOfInputs([]),
      [],
      [
        TEARDOWN,
        { ...TEARDOWN, verdict: 'ordered', by: 'message', message: 'An answer orders it.' },
        {
          ...TEARDOWN,
          entity: { kind: 'block', id: '0/b3', label: 'voice #3' },
          verdict: 'unknown',
          release: 'free',
          message: 'Atomic operations of a WebAssembly module are not recorded.',
        },
      ],
      ORIGIN,
    );
    expect(
      reportTable(report({ findings: [], teardowns }), 60)
        .split('\n')
        .slice(3),
    ).toEqual([
      'No findings.',
      '',
      '3 teardowns: 1 ordered, 1 racy, 1 unknown',
      '',
      'VERDICT  CERTAINTY  RELEASE  ENTITY               AT',
      'racy     proven     closed   noise #7        1.500 s',
      '  Nothing orders the last call of noise #7 and the closing',
      '  of its port.',
      'unknown  proven     free     block voice #3  1.500 s',
      '  Atomic operations of a WebAssembly module are not',
      '  recorded.',
    ]);
    const ordered = teardowns.filter(({ verdict }) => verdict === 'ordered');
    expect(reportTable(report({ findings: [], teardowns: ordered }))).toMatch(
      /\nNo findings\.\n\n1 teardown: 1 ordered$/,
    );
  });

  test('says so when nothing was found, and what was not observed', () => {
    expect(reportTable(report({ findings: [], coverage: ['worker threads'] }))).toMatch(
      /\nNo findings\.\n\nNot observed:\n- worker threads$/,
    );
  });

  test('lets no name drive the terminal', () => {
    const [finding] = report({}).findings;
    if (finding === undefined) throw new Error('no finding');
    const hostile = '\u001b[2J\u001b]0;gotcha\u0007\u202egnp.exe\nsecond line';
    const table = reportTable(
      report({
        url: `https://example.test/${hostile}`,
        findings: [{ ...finding, message: hostile, entity: { ...finding.entity, label: hostile } }],
        teardowns: buildReport(
          sessionOfInputs([]),
          [],
          [{ ...TEARDOWN, message: hostile, entity: { ...TEARDOWN.entity, label: hostile } }],
          ORIGIN,
        ).teardowns,
      }),
    );
    expect(table.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
    expect(table.split('\n')[0]).toContain('second line');
  });

  test('stays a table when names are long', () => {
    const [finding] = report({}).findings;
    if (finding === undefined) throw new Error('no finding');
    const label = 'x'.repeat(500);
    const table = reportTable(
      report({ findings: [{ ...finding, entity: { ...finding.entity, label } }] }),
    );
    expect(Math.max(...table.split('\n').map((line) => line.length))).toBeLessThan(130);
  });
});
