import { describe, expect, test } from 'vitest';
import * as LIMITS from '../../../src/shared/limits.ts';
import { parsePageMessage } from '../../../src/shared/messages.ts';

const bytes = new Uint8Array(4);
const MESSAGES = [
  { kind: 'hello', protocol: 1, timeOrigin: 1.7e15, isolated: true },
  { kind: 'chunk', number: 1, thread: 0, form: 'records', bytes },
  { kind: 'forgotten', number: 4, bytes: 100 },
  { kind: 'flushed', id: 3 },
  { kind: 'fault', message: 'oh' },
] as const;

describe('what a page says', () => {
  test.each(MESSAGES)('is understood when it is a $kind', (message) => {
    expect(parsePageMessage(message)).toEqual({ ok: true, value: message });
  });

  test.each(MESSAGES)('loses every field that a $kind does not have', (message) => {
    const forged = { ...message, origin: { url: 'https://bank.test/' }, document: 'another' };
    expect(parsePageMessage(forged)).toEqual({ ok: true, value: message });
  });

  test.each(MESSAGES)(
    'is refused when a field of a $kind is missing or of another type',
    (message) => {
      for (const field of Object.keys(message)) {
        for (const value of [undefined, null, {}, -1, 'x', Number.NaN, 1e300, [], Symbol('s')]) {
          if (field === 'message' && value === 'x') continue;
          if (field === 'timeOrigin' && value === 1) continue;
          const parsed = parsePageMessage({ ...message, [field]: value });
          expect(parsed.ok, `${field}: ${String(value)}`).toBe(false);
        }
      }
    },
  );

  test('is refused when it is no object', () => {
    for (const value of [undefined, null, 0, '', 'chunk', () => 0]) {
      expect(parsePageMessage(value).ok).toBe(false);
    }
  });

  test('is refused when it is too big, and a fault is cut', () => {
    const big = new Uint8Array(LIMITS.chunkBytes + 1);
    expect(parsePageMessage({ ...MESSAGES[1], bytes: big }).ok).toBe(false);
    expect(parsePageMessage({ ...MESSAGES[1], thread: LIMITS.threads }).ok).toBe(false);
    const fault = parsePageMessage({ kind: 'fault', message: 'z'.repeat(1e6) });
    expect(fault.ok && fault.value.kind === 'fault' && fault.value.message.length).toBe(
      LIMITS.textUnits,
    );
  });
});
