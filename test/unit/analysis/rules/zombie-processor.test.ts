import { describe, expect, test } from 'vitest';
import { findings } from '../../../support/text-records.ts';

const GAIN = `
  0      nodeCreated    node=7
  1      neighbourSeen  node=2 type=GainNode
  2      connected      source=7 target=2
`;

describe('zombie-processor', () => {
  test('fires for a detached processor that still answers true after a second', () => {
    expect(
      findings(`${GAIN}
        2667   process       node=7 times=10
        30000  disconnected  source=7
        32000  process       node=7 times=400
      `),
    ).toEqual(['zombie-processor warning proven 0/n7 ×400']);
  });

  test('is silent within the second', () => {
    expect(
      findings(`${GAIN}
        30000  disconnected  source=7
        32000  process       node=7 times=370
      `),
    ).toEqual([]);
  });

  test('is silent once it answers false', () => {
    expect(
      findings(`${GAIN}
        30000    disconnected  source=7
        32000    process       node=7 times=500
        2000000  process       node=7 returned=false
      `),
    ).toEqual([]);
  });

  test('fires when the last output connection went one by one', () => {
    expect(
      findings(`${GAIN}
        3      neighbourSeen  node=3 type=AnalyserNode
        4      connected      source=7 target=3
        30000  disconnected   source=7 what=target target=2
        31000  disconnected   source=7 what=target target=3
        32000  process        node=7 times=400
      `),
    ).toEqual(['zombie-processor warning proven 0/n7 ×400']);
  });

  test('takes a connection made twice for one', () => {
    expect(
      findings(`${GAIN}
        3      connected     source=7 target=2
        30000  disconnected  source=7 what=target target=2
        32000  process       node=7 times=400
      `),
    ).toEqual(['zombie-processor warning proven 0/n7 ×400']);
  });

  test('is silent while one output connection is left', () => {
    expect(
      findings(`${GAIN}
        3      neighbourSeen  node=3 type=AnalyserNode
        4      connected      source=7 target=3
        30000  disconnected   source=7 what=target target=2
        32000  process        node=7 times=400
      `),
    ).toEqual([]);
  });

  test('fires for a sink whose last input went', () => {
    expect(
      findings(`
        0      nodeCreated    node=7 numberOfOutputs=0
        1      neighbourSeen  node=2 type=GainNode
        2      connected      source=2 target=7
        30000  disconnected   source=2 what=target target=7
        32000  process        node=7 times=400
      `),
    ).toEqual(['zombie-processor warning proven 0/n7 ×400']);
  });

  test('is silent for a node with outputs that only lost its input, and for one never connected', () => {
    expect(
      findings(`${GAIN}
        3      connected      source=2 target=7
        30000  disconnected   source=2 what=target target=7
        32000  process        node=7 times=400
      `),
    ).toEqual([]);
    expect(
      findings(`
        0      nodeCreated  node=7
        32000  process      node=7 times=400
      `),
    ).toEqual([]);
  });

  test('is silent after it was connected again, and a hint when a pool let it go again', () => {
    const pool = `${GAIN}
      30000  disconnected  source=7
      31000  connected     source=7 target=2
    `;
    expect(findings(`${pool} 32000 process node=7 times=400`)).toEqual([]);
    expect(
      findings(`${pool}
        32000  disconnected  source=7
        33000  process       node=7 times=400
      `),
    ).toEqual(['zombie-processor info likely 0/n7 ×400']);
  });

  test('counts running time only: a suspended context stands still', () => {
    expect(
      findings(`${GAIN}
        2667     process       node=7 times=10
        30000    disconnected  source=7 frame=1408
        5000000  process       node=7 frame=1408 times=300
      `),
    ).toEqual([]);
  });

  test('is silent when it is not called any more', () => {
    expect(
      findings(`${GAIN}
        5        nodeCreated   node=8
        30000    disconnected  source=7
        32000    process       node=7 times=400
        1200000  process       node=8 times=400
      `),
    ).toEqual([]);
  });

  test('is silent where a reconnection may have been lost', () => {
    expect(
      findings(`${GAIN}
        30000  disconnected  source=7
        31000  lost          thread=0 count=3 why=history-limit
        32000  process       node=7 times=400
      `),
    ).toEqual([]);
  });
});
