import { describe, expect, test } from 'vitest';
import { findings } from '../../../support/text-records.ts';

const OTHER = '0 nodeCreated node=8';

describe('never-processed', () => {
  test('fires when a node was destroyed uncalled though its context ran meanwhile', () => {
    expect(
      findings(`${OTHER}
        10000   nodeCreated        node=7
        12000   process            node=8 times=200
        500000  declaredDestroyed  node=7
      `),
    ).toEqual(['never-processed warning proven 0/n7 ×1']);
  });

  test('fires when the context had run, stands still and was not resumed', () => {
    expect(
      findings(`${OTHER}
        2667    process       node=8 times=20
        60000   contextState  context=1 state=suspended
        70000   nodeCreated   node=7 frame=2560
        80000   disconnected  source=7 frame=2560
      `),
    ).toEqual(['never-processed warning likely 0/n7 ×1']);
  });

  test('is silent when the context never ran', () => {
    expect(
      findings(`
        0      contextCreated     context=1 state=suspended
        1      threadStarted      thread=1 kind=audio context=1
        10     nodeCreated        node=7 frame=0
        90000  declaredDestroyed  node=7 frame=0
      `),
    ).toEqual([]);
  });

  test('is silent while a first call may still be on its way', () => {
    expect(
      findings(`${OTHER}
        12000  process            node=8 times=20
        70000  nodeCreated        node=7
        70010  declaredDestroyed  node=7
        71000  process            node=8 times=20
      `),
    ).toEqual([]);
  });

  test('is silent about a node that is still in use', () => {
    expect(
      findings(`${OTHER}
        10000   nodeCreated  node=7
        12000   process      node=8 times=200
      `),
    ).toEqual([]);
  });

  test('is silent when the calls may have been lost', () => {
    const text = (lost: string) => `${OTHER}
      10000   nodeCreated        node=7
      12000   process            node=8 times=200
      ${lost}
      560000  declaredDestroyed  node=7
    `;
    expect(findings(text('550000 lost thread=1 count=9'))).toEqual([]);
    expect(findings(text('550000 lost thread=0 count=9 why=paused'))).toEqual([]);
    expect(findings(text('550000 forgotten'))).toEqual([]);
  });

  test('is silent where calls of the context cannot be seen at all', () => {
    expect(
      findings(`
        0       contextCreated     context=1 state=running
        10000   nodeCreated        node=7
        600000  declaredDestroyed  node=7
      `),
    ).toEqual([]);
  });

  test('leaves a processor that threw in its constructor to another rule', () => {
    expect(
      findings(`${OTHER}
        10000   nodeCreated           node=7
        11000   processorConstructed  ordinal=1 outcome=rejected reason="no memory"
        12000   process               node=8 times=200
        500000  declaredDestroyed     node=7
      `),
    ).toEqual(['processor-error error proven 0/n7 ×1']);
  });

  test('fires in an offline context only if it rendered', () => {
    const offline = (rest: string) => `
      0      contextCreated     context=1 kind=offline length=4800 state=suspended
      1      threadStarted      thread=1 kind=audio context=1
      10     nodeCreated        node=8 frame=0
      11     nodeCreated        node=7 frame=0
      20     declaredDestroyed  node=7 frame=0
      ${rest}
    `;
    expect(findings(offline(''))).toEqual([]);
    expect(
      findings(
        offline(`
          30     contextState  context=1 state=running frame=0
          40     process       node=8 frame=0 times=37
          900    contextState  context=1 state=closed frame=4800
        `),
      ),
    ).toEqual(['never-processed warning proven 0/n7 ×1']);
  });
});
