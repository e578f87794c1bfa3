import { describe, expect, test } from 'vitest';
import { judge } from '../../../../src/analysis/judge.ts';
import { findings, sessionOf } from '../../../support/text-records.ts';

const AFTER_DECLARED = (node: string) => `
  0      nodeCreated        node=7 ${node}
  2667   process            node=7 times=10
  30000  declaredDestroyed  node=7
  32000  process            node=7 times=3
`;

describe('process-after-destroy', () => {
  test('fires for each call that began after the page declared the node destroyed', () => {
    expect(findings(AFTER_DECLARED(''))).toEqual(['process-after-destroy warning proven 0/n7 ×3']);
  });

  test.each(['memory=wasm', 'memory=shared', 'emscripten=node'])(
    'is an error where %s may lie in memory that others own by now',
    (node) => {
      expect(findings(AFTER_DECLARED(node))).toEqual([
        'process-after-destroy error proven 0/n7 ×3',
      ]);
    },
  );

  test('takes memory that a later message handed over into account', () => {
    expect(
      findings(`
        0      nodeCreated        node=7
        1000   memoryPassed       node=7 memory=wasm
        30000  declaredDestroyed  node=7
        32000  process            node=7
      `),
    ).toEqual(['process-after-destroy error proven 0/n7 ×1']);
  });

  test('dates no call before what it came after, though a burst of frames is dated too early', () => {
    const [found] = judge(
      sessionOf(`
        0      nodeCreated        node=7
        2667   process            node=7 times=10
        80000  declaredDestroyed  node=7
        81000  process            node=7 times=3 frame=1280
      `),
    );
    expect(found).toMatchObject({ count: 3, first: 80_000 });
  });

  test('knows Emscripten’s function by name', () => {
    expect(
      findings(`
        0      nodeCreated   node=7 emscripten=node userData=20496
        2667   process       node=7 times=10
        30000  disconnected  source=7 stack="at _emscripten_destroy_web_audio_node (a.js:1:2)"
        32000  process       node=7 times=3
      `),
    ).toEqual(['process-after-destroy error proven 0/n7 ×3']);
  });

  test.each([
    ['30000 disconnected source=7', '31000 portClosed node=7'],
    ['30000 portClosed node=7', '31000 disconnected source=7'],
  ])('takes %s and then %s for a farewell', (one, other) => {
    expect(
      findings(`
        0      nodeCreated  node=7
        2667   process      node=7 times=10
        ${one}
        30500  process      node=7
        ${other}
        34000  process      node=7 times=3
      `),
    ).toEqual(['process-after-destroy warning proven 0/n7 ×3']);
  });

  test('is silent when only the port was closed, or the processor closed it', () => {
    expect(
      findings(`
        0      nodeCreated   node=7
        1000   portClosed    node=7
        2667   process       node=7 times=10
      `),
    ).toEqual([]);
    expect(
      findings(`
        0      nodeCreated   node=7
        1000   portClosed    node=1 by=processor by-thread=1
        2000   disconnected  source=7
        2667   process       node=7 times=10
      `),
    ).toEqual([]);
  });

  test('fires for calls after close() of the context had resolved, not before', () => {
    expect(
      findings(`
        0      nodeCreated     node=7
        1000   contextCall     context=1 call=1 method=close
        2667   process         node=7
        3000   contextSettled  context=1 call=1 method=close
        5333   process         node=7 times=2
      `),
    ).toEqual(['process-after-destroy warning proven 0/n7 ×2']);
  });

  test('is silent about the closing calls that answer false', () => {
    expect(
      findings(`
        0      nodeCreated        node=7
        2667   process            node=7 times=10
        30000  declaredDestroyed  node=7
        32000  process            node=7 times=2 returned=false
      `),
    ).toEqual([]);
  });

  test('is silent about a stopped processor that a connected input keeps calling', () => {
    expect(
      findings(`
        0      nodeCreated        node=7
        2667   process            node=7 times=10
        30000  declaredDestroyed  node=7
        32000  process            node=7 times=107 returned=false
      `),
    ).toEqual([]);
  });

  test('counts every call of a processor that never answered true and goes on', () => {
    expect(
      findings(`
        0      nodeCreated        node=7
        2667   process            node=7 times=10 returned=false
        30000  declaredDestroyed  node=7
        32000  process            node=7 times=3 returned=false
      `),
    ).toEqual(['process-after-destroy warning proven 0/n7 ×3']);
  });

  test('is silent about the last two calls of a processor that never answered true', () => {
    expect(
      findings(`
        0      nodeCreated        node=7
        2667   process            node=7 times=10 returned=false
        30000  declaredDestroyed  node=7
        32000  process            node=7 times=2 returned=false
      `),
    ).toEqual([]);
  });

  test('counts calls that answered true before the closing one', () => {
    expect(
      findings(`
        0      nodeCreated        node=7
        30000  declaredDestroyed  node=7
        32000  process            node=7 times=2
        38000  process            node=7 returned=false
      `),
    ).toEqual(['process-after-destroy warning proven 0/n7 ×2']);
  });

  test('counts the first call of a node destroyed in the task that made it', () => {
    expect(
      findings(`
        0      nodeCreated        node=7 emscripten=node
        10     declaredDestroyed  node=7
        2667   process            node=7
      `),
    ).toEqual(['process-after-destroy error proven 0/n7 ×1']);
  });

  test('is silent about a call in flight, which is another rule’s', () => {
    expect(
      findings(`
        0      nodeCreated        node=7
        30000  process            node=7 seq=10..14
        30001  declaredDestroyed  node=7 seq=12
      `),
    ).toEqual(['process-in-flight-at-destroy warning proven 0/n7 ×1']);
  });

  test('is silent when the node was connected again after it was closed', () => {
    expect(
      findings(`
        0      nodeCreated    node=7
        1      neighbourSeen  node=2 type=GainNode
        1000   portClosed     node=7
        2000   disconnected   source=7
        3000   connected      source=7 target=2
        4000   process        node=7 times=3
      `),
    ).toEqual([]);
  });

  test('never flags the helper node that Emscripten’s glue makes for itself', () => {
    expect(findings(AFTER_DECLARED('emscripten=bootstrap'))).toEqual([]);
  });

  test('decides by frames with a margin where the page is not isolated, and says likely', () => {
    const text = (times: number) => `
      0       nodeCreated        node=7
      2667    process            node=7 times=10
      30000   declaredDestroyed  node=7 frame=1280
      32000   process            node=7 frame=1408 times=${times}
    `;
    const options = { isolated: false };
    expect(findings(text(15), options)).toEqual([]);
    expect(findings(text(17), options)).toEqual(['process-after-destroy warning likely 0/n7 ×2']);
  });

  test('says what happened with the names and numbers of the page', () => {
    const [finding] = judge(
      sessionOf(`
        0      nodeCreated        node=7 processorName=synth memory=wasm stack="at make (a.js:1:2)"
        2667   process            node=7 times=10
        30000  declaredDestroyed  node=7 stack="at free (a.js:9:2)"
        32000  process            node=7 times=3
      `),
    );
    expect(finding).toMatchObject({
      id: 'process-after-destroy:0/n7',
      entity: { kind: 'node', id: '0/n7', label: 'synth #7' },
      message:
        'synth #7: the page declared the node destroyed, yet 3 process() calls began after that, the last 7.33 ms later; its processor holds WebAssembly memory.',
      stacks: { create: ['make (a.js:1:2)'], destroy: ['free (a.js:9:2)'] },
    });
    expect(finding?.evidence.map(({ thread, what }) => `${thread}: ${what}`)).toEqual([
      'main: the node was created',
      'main: the page declared the node destroyed (order 24)',
      'audio #1: the first call after that (frame 1536, order 25–26, returned true)',
      'audio #1: the last call seen so far (frame 1792, order 29–30, returned true)',
    ]);
  });

  test('gives times since the navigation start of the top document', () => {
    const inFrame = { frameId: 4, parentFrameId: 0, timeOrigin: 1.7e15 };
    const [alone] = judge(sessionOf(AFTER_DECLARED(''), inFrame));
    expect(alone?.first).toBe(32000);
  });
});
