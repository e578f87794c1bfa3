import { expect, test } from 'vitest';
import { explainLiveness } from '../../../src/analysis/liveness.ts';
import type { NodeFacts } from '../../../src/analysis/model.ts';
import { sessionOf } from '../../support/text-records.ts';

function why(text: string): readonly string[] {
  const session = sessionOf(text);
  return explainLiveness(session.documents[0]?.nodes.get(7 as never) as NodeFacts);
}

test('says that the last call returned true, and who is connected', () => {
  expect(
    why(`
      0     nodeCreated    node=7
      1     neighbourSeen  node=2 type=OscillatorNode
      2     connected      source=2 target=7
      2667  process        node=7 times=4
    `),
  ).toEqual([
    'Its last process() call returned true, so the engine goes on calling it for ever.',
    'Its inputs are connected (from OscillatorNode #2), which keeps it alive.',
    'The page has not given the node up, as far as was seen.',
  ]);
});

test('says that only an input keeps a stopped processor', () => {
  expect(
    why(`
      0     nodeCreated   node=7
      1     nodeCreated   node=8 processorName=meter
      2     connected     source=8 target=7
      2667  process       node=7 times=4 returned=false
      9000  disconnected  source=7
    `),
  ).toEqual([
    'Its last 4 process() calls returned false.',
    'Its inputs are connected (from meter #8), which keeps it alive.',
  ]);
});

test('says that nothing keeps it, or that its context stands still', () => {
  expect(
    why(`
      0      nodeCreated    node=7
      2667   process        node=7 returned=false
      30000  contextState   context=1 state=suspended
      90000  nodeCollected  node=7
    `),
  ).toEqual([
    'Its last process() call returned false.',
    'Nothing is connected to its inputs, so the engine may let it go.',
    'Its context is suspended: process() stands still, messages are still handled.',
    'The node object was collected; the engine alone holds the processor.',
  ]);
});

test('says why it is silent for ever', () => {
  const node = '0 nodeCreated node=7\n';
  expect(why(`${node} 1 processorConstructed ordinal=0 outcome=rejected reason="no"`)).toEqual([
    'It never lived: its constructor threw (no).',
  ]);
  expect(
    why(`${node} 1 processorConstructed ordinal=0
      2 processorFailed ordinal=0 reason="TypeError: x"`),
  ).toEqual(['It is silent for ever: process() threw (TypeError: x).']);
  expect(why(`${node} 2667 process node=7 returned=threw`)).toEqual([
    'It is silent for ever: process() threw.',
  ]);
  expect(
    why(`${node} 1 processorConstructed ordinal=0
      2 processorCollected ordinal=0`),
  ).toEqual(['It is gone: the processor was collected.']);
  expect(
    why(`${node} 1 contextCall context=1 call=1 method=close
      2 contextSettled context=1 call=1 method=close`),
  ).toEqual(['Its context is closed: process() is not called any more.']);
});

test('says that it was not called yet', () => {
  expect(why('0 nodeCreated node=7')).toEqual([
    'Its processor has not been constructed yet, as far as was seen.',
    'process() has not been called so far.',
    'The page has not given the node up, as far as was seen.',
  ]);
});
