import { describe, expect, test } from 'vitest';
import { findings } from '../../../support/text-records.ts';

describe('double-destroy', () => {
  test('fires when the page declares a node destroyed twice', () => {
    expect(
      findings(`
        0     nodeCreated        node=7
        10    process            node=7 returned=false
        1000  declaredDestroyed  node=7
        2000  declaredDestroyed  node=7
        3000  declaredDestroyed  node=7
      `),
    ).toEqual(['double-destroy warning proven 0/n7 ×2']);
  });

  test('fires when Emscripten’s function is called twice for one node', () => {
    expect(
      findings(`
        0     nodeCreated   node=7 emscripten=node
        10    process       node=7 returned=false
        1000  disconnected  source=7 stack="at emscripten_destroy_web_audio_node (a.js:1:1)"
        2000  disconnected  source=7 stack="at emscripten_destroy_web_audio_node (a.js:1:1)"
      `),
    ).toEqual(['double-destroy warning proven 0/n7 ×1']);
  });

  test('is silent about tidy sequences, repeated disconnects and one signal of each kind', () => {
    expect(
      findings(`
        0     nodeCreated        node=7
        10    process            node=7 returned=false
        1000  disconnected       source=7 stack="at emscripten_destroy_web_audio_node (a.js:1:1)"
        1001  disconnected       source=7
        1002  portClosed         node=7
        1003  portClosed         node=7
        1004  declaredDestroyed  node=7
        1005  contextCall        context=1 call=1 method=close
        1006  contextSettled     context=1 call=1 method=close
      `),
    ).toEqual([]);
  });
});
