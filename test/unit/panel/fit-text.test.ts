import { expect, test } from 'vitest';
import { fitText } from '../../../src/panel/timeline/fit-text.ts';

const pen = { measureText: (text: string) => ({ width: [...text].length * 6 }) };

test('text that fits stays whole', () => {
  expect(fitText(pen, 'reverb #2', 54)).toBe('reverb #2');
});

test('text never gets wider than its room', () => {
  for (let room = 0; room < 200; room += 7) {
    const end = fitText(pen, 'granular-player-with-a-long-name', room);
    expect(pen.measureText(end).width).toBeLessThanOrEqual(room);
    const middle = fitText(pen, 'https://example.test/app/index.html', room, 'middle');
    expect(pen.measureText(middle).width).toBeLessThanOrEqual(room);
  }
});

test('the end is cut, or the middle where both ends tell something', () => {
  expect(fitText(pen, 'granular-player', 60)).toBe('granular-…');
  expect(fitText(pen, 'example.test/app/index.html', 90, 'middle')).toBe('examp…ndex.html');
});

test('nothing is drawn where not even one letter fits', () => {
  expect(fitText(pen, 'reverb', 6)).toBe('');
});

test('a megabyte costs no more than a line', () => {
  let measured = 0;
  const counting = {
    measureText(text: string) {
      measured = Math.max(measured, text.length);
      return pen.measureText(text);
    },
  };
  expect(fitText(counting, 'x'.repeat(1_000_000), 120)).toHaveLength(20);
  expect(measured).toBeLessThanOrEqual(201);
});

test('control characters and direction overrides become spaces', () => {
  expect(fitText(pen, 'a\nb\u202Ec\u0000d', 200)).toBe('a b c d');
});
