import { describe, expect, test } from 'vitest';
import { findings } from '../../../support/text-records.ts';

describe('process-in-flight-at-destroy', () => {
  test('fires when a call had begun and not returned at the farewell', () => {
    expect(
      findings(`
        0      nodeCreated        node=7 memory=shared
        30000  process            node=7 seq=10..14
        30001  declaredDestroyed  node=7 seq=12
        32000  process            node=7 seq=15..16 returned=false
      `),
    ).toEqual(['process-in-flight-at-destroy error proven 0/n7 ×1']);
  });

  test('is silent when the call had returned, or began later and closed', () => {
    expect(
      findings(`
        0      nodeCreated        node=7
        30000  process            node=7 seq=10..11
        30001  declaredDestroyed  node=7 seq=12
        32000  process            node=7 seq=13..14 returned=false
      `),
    ).toEqual([]);
  });

  test('is silent when the call in flight is the closing one', () => {
    expect(
      findings(`
        0      nodeCreated        node=7
        20000  process            node=7 seq=8..9
        30000  process            node=7 seq=10..14 returned=false
        30001  declaredDestroyed  node=7 seq=12
      `),
    ).toEqual([]);
  });

  test('is silent for close(), which waits for the call in flight', () => {
    expect(
      findings(`
        0      nodeCreated     node=7
        1000   contextCall     context=1 call=1 method=close
        30000  process         node=7 seq=10..14
        30001  contextSettled  context=1 call=1 method=close seq=12
      `),
    ).toEqual([]);
  });

  test('is silent where only a detachment fell into a call', () => {
    expect(
      findings(`
        0      nodeCreated   node=7
        30000  process       node=7 seq=10..14
        30001  disconnected  source=7 seq=12
      `),
    ).toEqual([]);
  });

  test('says nothing where the page is not isolated: frames cannot tell', () => {
    expect(
      findings(
        `
        0      nodeCreated        node=7
        30000  process            node=7 seq=10..14
        30001  declaredDestroyed  node=7
        `,
        { isolated: false },
      ),
    ).toEqual([]);
  });
});
