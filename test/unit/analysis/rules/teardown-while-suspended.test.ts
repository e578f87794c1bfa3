import { describe, expect, test } from 'vitest';
import { findings } from '../../../support/text-records.ts';

const SUSPENDED = `
  0      nodeCreated     node=7
  2667   process         node=7 times=10
  30000  contextCall     context=1 call=1 method=suspend
  31000  contextState    context=1 state=suspended frame=1408
  31000  contextSettled  context=1 call=1 method=suspend frame=1408
`;
const RESUMED = `
  60000  contextCall     context=1 call=2 method=resume frame=1408
  61000  contextState    context=1 state=running frame=1408
  61001  contextSettled  context=1 call=2 method=resume frame=1408
`;

describe('teardown-while-suspended', () => {
  test('fires when a node destroyed in a suspended context is used after it resumed', () => {
    expect(
      findings(`${SUSPENDED}
        40000  declaredDestroyed  node=7 frame=1408
        ${RESUMED}
        62000  process            node=7 frame=1408 times=3
      `),
    ).toEqual([
      'process-after-destroy warning proven 0/n7 ×3',
      'teardown-while-suspended warning proven 0/n7 ×3',
    ]);
  });

  test('takes a detachment for a farewell too, as likely', () => {
    expect(
      findings(`${SUSPENDED}
        40000  disconnected  source=7 frame=1408
        ${RESUMED}
        62000  process       node=7 frame=1408 times=3
      `),
    ).toEqual(['teardown-while-suspended warning likely 0/n7 ×3']);
  });

  test('knows of the suspension by its resolution, before the statechange event tells', () => {
    expect(
      findings(`
        0      nodeCreated     node=7
        2667   process         node=7 times=10
        30000  contextCall     context=1 call=1 method=suspend
        31000  contextSettled  context=1 call=1 method=suspend frame=1408
        31010  disconnected    source=7 frame=1408
        31020  contextCall     context=1 call=2 method=resume frame=1408
        31030  contextState    context=1 state=suspended frame=1408
        40000  contextSettled  context=1 call=2 method=resume frame=1408
        40010  contextState    context=1 state=running frame=1408
        42000  process         node=7 frame=1408 times=3
      `),
    ).toEqual(['teardown-while-suspended warning likely 0/n7 ×3']);
  });

  test('rests on the plainest farewell of several', () => {
    expect(
      findings(`${SUSPENDED}
        40000  disconnected       source=7 frame=1408
        40010  declaredDestroyed  node=7 frame=1408
        ${RESUMED}
        62000  process            node=7 frame=1408 times=3
      `),
    ).toContain('teardown-while-suspended warning proven 0/n7 ×3');
  });

  test('is silent when the context is closed or never resumes', () => {
    expect(findings(`${SUSPENDED} 40000 declaredDestroyed node=7 frame=1408`)).toEqual([]);
    expect(
      findings(`${SUSPENDED}
        40000  declaredDestroyed  node=7 frame=1408
        50000  contextCall        context=1 call=2 method=close frame=1408
        51000  contextState       context=1 state=closed frame=1408
        51000  contextSettled     context=1 call=2 method=close frame=1408
      `),
    ).toEqual([]);
  });

  test('is silent about a context that is only paused', () => {
    expect(findings(`${SUSPENDED} ${RESUMED} 62000 process node=7 frame=1408 times=9`)).toEqual([]);
  });

  test('is silent when the processor answers false after the context resumed', () => {
    expect(
      findings(`${SUSPENDED}
        40000  declaredDestroyed  node=7 frame=1408
        ${RESUMED}
        62000  process            node=7 frame=1408 returned=false
      `),
    ).toEqual([]);
  });

  test('is silent when the node was destroyed while resume() was under way', () => {
    expect(
      findings(`${SUSPENDED}
        60000  contextCall     context=1 call=2 method=resume frame=1408
        60500  disconnected    source=7 frame=1408
        61000  contextState    context=1 state=running frame=1408
        61000  contextSettled  context=1 call=2 method=resume frame=1408
        62000  process         node=7 frame=1408 times=3
      `),
    ).toEqual([]);
  });

  test('is silent about nodes that are rewired during the pause', () => {
    expect(
      findings(`${SUSPENDED}
        39000  neighbourSeen  node=2 type=GainNode
        40000  disconnected   source=7 frame=1408
        41000  connected      source=7 target=2 frame=1408
        ${RESUMED}
        62000  process        node=7 frame=1408 times=3
      `),
    ).toEqual([]);
  });

  test('is silent about an offline context that had not begun to render', () => {
    expect(
      findings(`
        0    contextCreated  context=1 kind=offline length=4800
        1    threadStarted   thread=1 kind=audio context=1
        10   nodeCreated     node=7 frame=0
        20   disconnected    source=7 frame=0
        30   contextState    context=1 state=running frame=0
        40   process         node=7 frame=0 times=37
        900  contextState    context=1 state=closed frame=4800
      `),
    ).toEqual([]);
  });
});
