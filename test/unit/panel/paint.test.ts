import { expect, test } from 'vitest';
import type { Palette } from '../../../src/panel/drawing/palette.ts';
import { paintTimeline } from '../../../src/panel/timeline/paint.ts';
import { DrawLog } from '../../support/draw-log.ts';
import { type SceneOptions, sceneOf } from '../../support/panel-scene.ts';
import { studioSession } from '../../support/studio-session.ts';
import { teardownSession } from '../../support/teardown-session.ts';
import { textInputs } from '../../support/text-records.ts';

const STUDIO = studioSession();

/** Each colour by its own name. */
const PALETTE = new Proxy({} as Palette, { get: (_, name) => String(name) });

function drawn(inputs = STUDIO, options?: SceneOptions): DrawLog {
  const log = new DrawLog();
  paintTimeline(log.pen, sceneOf(inputs, options).scene, PALETTE);
  return log;
}

test('the whole canvas is covered first', () => {
  const [first] = drawn().drawn;
  expect(first).toMatchObject({ style: 'background', x: 0, y: 0, width: 1220, height: 600 });
});

test('names stay inside their column, whatever they are', () => {
  const log = drawn(STUDIO, { labelPx: 130, widthPx: 420 });
  const names = log.drawn.filter(({ op, x }) => op === 'text' && x < 130);
  expect(names.length).toBeGreaterThan(8);
  for (const { x, width } of names) expect(x + width).toBeLessThanOrEqual(130);
});

test('labels of the ruler stay on the canvas', () => {
  for (const widthPx of [300, 421, 733, 1280]) {
    const log = drawn(STUDIO, { widthPx });
    for (const { op, x, width } of log.drawn) {
      if (op === 'text') expect(x + width).toBeLessThanOrEqual(widthPx);
    }
  }
});

test('a name with markup, line breaks and overrides is one line of that very text', () => {
  const name = '<img src=x onerror=alert(1)>\u202E';
  const log = drawn(
    textInputs(`0 nodeCreated node=7 processorName="${name}"\n5000 process node=7 times=9`),
    { labelPx: 400 },
  );
  expect(log.texts).toContain('<img src=x onerror=alert(1)> #7');
});

test('calls are drawn in three tones: in order, after detaching, after destruction', () => {
  const log = drawn();
  for (const style of ['call', 'warningFill', 'errorFill']) {
    expect(log.of(style).filter(({ width }) => width > 50).length, style).toBeGreaterThan(0);
  }
});

test('what was lost is hatched and hides nothing else', () => {
  expect(drawn().of('gap').length).toBeGreaterThan(2);
});

test('the time under the pointer is written in the corner', () => {
  const log = drawn(STUDIO, { over: { hoverAt: 1_234_567 } });
  expect(log.texts).toContain('1.234\u202f567 s');
});

test('only rows in sight are drawn', () => {
  const many = Array.from(
    { length: 400 },
    (_, i) => `${i * 10} nodeCreated node=${i + 1} processorName="voice"`,
  );
  const log = drawn(textInputs(many.join('\n')), { heightPx: 300 });
  const names = log.texts.filter((text) => text.startsWith('voice'));
  expect(names.length).toBeGreaterThan(8);
  expect(names.length).toBeLessThan(14);
});

test('a scene with nothing in it can be drawn', () => {
  expect(drawn([]).texts.length).toBeGreaterThan(0);
});

test('a message that is handled, one that is not, a thread and its wait each look their own way', () => {
  const log = drawn(teardownSession());
  expect(log.of('messageIn').length).toBeGreaterThan(0);
  expect(log.of('messageOut').length).toBeGreaterThan(0);
  expect(log.of('thread').length).toBeGreaterThan(0);
  expect(log.of('atomic').length).toBeGreaterThan(0);
});

test('each verdict has a sign of its own beside the name', () => {
  const log = drawn(teardownSession());
  const beside = (style: string) => log.of(style).filter(({ x }) => x < 220);
  expect(beside('ordered')).toHaveLength(1);
  expect(beside('error')).toHaveLength(1);
});
