import { describe, expect, test } from 'vitest';
import { judge } from '../../../../src/analysis/judge.ts';
import { findings, sessionOf } from '../../../support/text-records.ts';

const NODE = `
  0     nodeCreated          node=7 processorName=player
  1     processorConstructed ordinal=0
  5     @audio memorySeen    memory=1 kind=wasm bytes=65536
  9     @audio bufferRead    memory=1 bytes=65536 node=1 stack="at constructor"
  10000 process              node=7 times=3`;
const GROWN = '@audio memoryGrown memory=1 from=65536 to=131072 how=called stack="at grow"';
const USED = '@audio staleView memory=1 node=1 what=used method=set stack="at set"';
const HELD = '@audio staleView memory=1 node=1 what=held property=this.samples';

describe('stale-heap-view', () => {
  test('fires when a detached view is used, with the stacks of its making, the growth and the use', () => {
    const session = sessionOf(`${NODE}
      30000 ${GROWN}
      32000 ${USED}
      32100 ${USED}`);
    const [finding] = judge(session);
    expect(finding).toMatchObject({
      rule: 'stale-heap-view',
      severity: 'error',
      certainty: 'proven',
      count: 2,
      stacks: { create: ['constructor'], growth: ['grow'], access: ['set'] },
      message:
        'WebAssembly memory #1.1 grew from 65536 to 131072 bytes, which detached its views. player #7 called set() on one that was made before.',
    });
  });

  test('fires when a shared view is used beyond its end, and says how far', () => {
    const session = sessionOf(`
      5     memorySeen  memory=1 kind=wasm bytes=65536
      30000 memoryGrown memory=1 from=65536 to=131072 shared=true how=called
      32000 staleView   memory=1 what=used method=subarray bytes=65536 reach=66048`);
    const [finding] = judge(session);
    expect(finding).toMatchObject({ certainty: 'proven', entity: { id: '0/m0.1' } });
    expect(finding?.message).toBe(
      'WebAssembly memory #1 grew from 65536 to 131072 bytes. The page called subarray() for bytes up to 66048 on a view that was made before and ends at 65536.',
    );
  });

  test('says likely of a processor that was called on and on and still holds one', () => {
    const text = `${NODE}
      30000  ${GROWN}
      32000  process node=7 times=40
      140000 ${HELD}`;
    expect(findings(text)).toEqual(['stale-heap-view error likely 0/m1.1 ×40']);
    expect(judge(sessionOf(text))[0]?.message).toContain(
      'player #7 was called 40 times after that and still holds one in this.samples',
    );
  });

  test('is silent where one call had no chance yet to renew it', () => {
    expect(
      findings(`${NODE}
        30000  ${GROWN}
        32000  process node=7 times=1
        140000 ${HELD}`),
    ).toEqual([]);
    expect(
      findings(`${NODE}
        30000  ${GROWN}
        32000  process node=7 times=2
        140000 ${HELD}`),
    ).toEqual(['stale-heap-view error likely 0/m1.1 ×2']);
  });

  test('fires when a call threw for a detached buffer and its processor holds a view of it', () => {
    const threw = (reason: string) => `${NODE}
      30000 process node=7 returned=threw
      30001 @audio memoryGrown memory=1 from=65536 to=131072 how=noticed
      30002 ${HELD} threw=true
      30100 processorErrorEvent node=7 reason="${reason}"`;
    const error = 'processor-error error proven 0/n7 ×1';
    expect(findings(threw('TypeError: set on a detached ArrayBuffer'))).toEqual([
      error,
      'stale-heap-view error likely 0/m1.1 ×1',
    ]);
    expect(findings(threw('RangeError: no such preset'))).toEqual([error]);
  });

  test('is silent about a growth that leaves nobody behind, and about uses that none explains', () => {
    expect(
      findings(`${NODE}
        30000 ${GROWN}
        32000 process node=7 times=40`),
    ).toEqual([]);
    expect(
      findings(`${NODE}
        30000 ${USED}
        32000 ${GROWN}`),
    ).toEqual([]);
  });

  test('judges by frames and times where the page is not isolated', () => {
    const text = `${NODE}
      30000  ${GROWN}
      32000  process node=7 times=40
      140000 ${HELD}`;
    expect(findings(text, { isolated: false })).toEqual([
      'stale-heap-view error likely 0/m1.1 ×40',
    ]);
  });
});
