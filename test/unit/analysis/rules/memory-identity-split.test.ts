import { describe, expect, test } from 'vitest';
import { findings } from '../../../support/text-records.ts';

/** A memory of the page goes to the processor and comes back as another object. */
const ROUND_TRIP = (kind: string) => `
  0    nodeCreated node=7
  1    processorConstructed ordinal=0
  10   memorySeen  memory=1 kind=wasm bytes=65536 stack="at make"
  20   passed      end=14 message=1 what=memory local=1
  20   send        main→7 "memory"
  30   @audio memorySeen memory=1 kind=wasm bytes=65536
  30   @audio arrived end=2 message=1 what=memory local=1
  30   receive     main→7 "memory"
  40   @audio passed end=2 message=1 what=memory local=1
  40   send        7→main "memory"
  50   memorySeen  memory=2 kind=${kind} bytes=65536
  50   arrived     end=14 message=1 what=memory local=2
  50   receive     7→main "memory"`;

describe('memory-identity-split', () => {
  test('fires when a memory has come back as a second object', () => {
    expect(findings(ROUND_TRIP('wasm'))).toEqual(['memory-identity-split info proven 0/m0.1 ×1']);
  });

  test('is silent about one object a thread', () => {
    const oneWay = ROUND_TRIP('wasm').split('\n').slice(0, -3).join('\n');
    expect(findings(oneWay)).toEqual([]);
  });

  test('is silent about a second buffer of it, which is no Memory object', () => {
    expect(findings(ROUND_TRIP('shared'))).toEqual([]);
  });

  test('is silent about two memories', () => {
    expect(
      findings(`
        10   memorySeen  memory=1 kind=wasm bytes=65536
        50   memorySeen  memory=2 kind=wasm bytes=65536`),
    ).toEqual([]);
  });
});
