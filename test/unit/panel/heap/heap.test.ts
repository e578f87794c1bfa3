import { beforeEach, describe, expect, test } from 'vitest';
import type { HeapQuery, HeapView } from '../../../../src/panel/worker/heap/heap-protocol.ts';
import { heapSession } from '../../../support/heap-session.ts';
import { PanelBench } from '../../../support/panel-bench.ts';
import { textInputs } from '../../../support/text-records.ts';

let bench: PanelBench;

beforeEach(() => {
  bench = new PanelBench();
});

const QUERY: HeapQuery = {
  by: 'node',
  shown: 'all',
  sort: 'worst',
  text: '',
  toggled: [],
  memory: undefined,
  from: 0,
  to: 2.5e6,
  widthPx: 250,
};

function look(change: Partial<HeapQuery> = {}): HeapView {
  return bench.ask({ ask: 'heap', query: { ...QUERY, ...change } });
}

/** `voice #1 1 of 2, 512 B: malloc #1, malloc #2`. */
function groupsOf(view: HeapView): readonly string[] {
  return view.groups.map(
    ({ label, live, blocks, liveBytes, rows }) =>
      `${label}: ${live} of ${blocks}, ${liveBytes} B: ${rows.map((row) => row.label).join(', ')}`,
  );
}

/** The value of a curve at a time. */
function valueAt({ curve }: HeapView, which: 'known' | 'counted' | 'resting', at: number): number {
  return curve[which][Math.floor((at - curve.from) / curve.stepMicros)] ?? Number.NaN;
}

describe('memories', () => {
  test('each is told with its size, what lives, what was freed, what rests, and its shadow', () => {
    bench.ingest(heapSession());
    expect(look().memories).toEqual([
      {
        key: '0/m0.1',
        label: 'WebAssembly memory #1',
        isGone: false,
        bytes: 262_144,
        growths: 1,
        made: 260,
        freed: 2,
        live: 258,
        liveBytes: 77_952,
        isCounted: true,
        quarantine: { blocks: 2, mostBlocks: 8192, bytes: 2048, mostBytes: 32_768 },
        shadow: { bytes: 32_768, reserved: 700_000 },
      },
    ]);
  });

  test('what several threads count of one memory is added up; the quarantine is one', () => {
    bench.ingest(
      textInputs(`
        0   memorySeen memory=1 kind=wasm bytes=65536
        0   nodeCreated node=1
        0   passed end=2 message=0 what=memory local=1
        10  @audio arrived end=2 message=0 what=memory local=4
        20  heapState memory=1 bytes=65536 made=10 madeBytes=1000 resting=1 restingBytes=100 restingMost=8192 shadow=9000
        30  @audio heapState memory=4 bytes=65536 freed=4 freedBytes=400 resting=3 restingBytes=300 restingMost=8192 shadow=9000
      `),
    );
    const view = look({ to: 100, widthPx: 10 });
    expect(view.memories).toMatchObject([
      { made: 10, freed: 4, live: 6, liveBytes: 600, quarantine: { blocks: 3, bytes: 300 } },
    ]);
    expect(valueAt(view, 'counted', 25)).toBe(1000);
    expect(valueAt(view, 'counted', 35)).toBe(600);
    expect(valueAt(view, 'resting', 25)).toBe(100);
    expect(valueAt(view, 'resting', 35)).toBe(300);
  });

  test('without counts the blocks that are known are all there is to count', () => {
    bench.ingest(
      textInputs(`
        0 blockAllocated block=1 memory=1 offset=0 length=64 label=samples
        5 blockFreed     block=1 memory=1 offset=0
        6 blockAllocated block=2 memory=1 offset=64 length=32
      `),
    );
    const view = look();
    expect(view.memories).toMatchObject([
      { made: 2, freed: 1, live: 1, liveBytes: 32, isCounted: false, quarantine: undefined },
    ]);
    expect(view.curve.counted).toHaveLength(0);
  });
});

describe('live bytes over time', () => {
  test('are exact at the end of each step', () => {
    bench.ingest(heapSession());
    const view = look();
    expect(view.curve.known).toHaveLength(250);
    expect(
      [100_000, 200_000, 300_000, 610_000, 720_000, 800_000].map((at) =>
        valueAt(view, 'known', at),
      ),
    ).toEqual([0, 1024, 2048, 1024, 0, 512]);
    expect(valueAt(view, 'counted', 700_000)).toBe(29_696);
    expect(valueAt(view, 'resting', 700_000)).toBe(1024);
  });

  test('are the same however the stretch in sight is cut', () => {
    bench.ingest(heapSession());
    const part = look({ from: 600_000, to: 1_000_000, widthPx: 40 });
    const whole = look();
    for (let at = 605_000; at < 1e6; at += 10_000) {
      expect(valueAt(part, 'known', at)).toBe(valueAt(whole, 'known', at));
    }
  });

  test('no more steps are sent than there are pixels, and no more pixels than a screen has', () => {
    bench.ingest(heapSession());
    expect(look({ widthPx: 1e9 }).curve.known.length).toBeLessThanOrEqual(4096);
  });

  test('what a page had is gone with it', () => {
    bench.ingest([...heapSession(), { kind: 'gone', document: 'doc' }]);
    const view = look({ to: 4e6, widthPx: 400 });
    expect(valueAt(view, 'known', 3.5e6)).toBe(0);
    expect(valueAt(view, 'counted', 3.5e6)).toBe(0);
    expect(view.memories).toMatchObject([{ isGone: true, live: 0, liveBytes: 0 }]);
    expect(view.groups.flatMap(({ rows }) => rows).at(-1)).toMatchObject({ wentWithPage: true });
  });
});

describe('owners', () => {
  test('nodes, the one with the worst finding first', () => {
    bench.ingest(heapSession());
    expect(groupsOf(look())).toEqual([
      'voice #1: 0 of 1, 0 B: malloc #1',
      'voice #3: 1 of 1, 512 B: malloc #3',
      'voice #2: 0 of 1, 0 B: malloc #2',
    ]);
  });

  test('contexts', () => {
    bench.ingest(heapSession());
    expect(groupsOf(look({ by: 'context' }))).toEqual([
      'AudioContext #1: 1 of 3, 512 B: malloc #1, malloc #3, malloc #2',
    ]);
  });

  test('places that allocate, with those that only count', () => {
    bench.ingest(heapSession());
    const view = look({ by: 'site', sort: 'growth' });
    expect(groupsOf(view)).toEqual([
      'loadSample (samples.js:12:9): 160 of 160, 40960 B: ',
      'Voice.start (voice.js:88:17): 1 of 3, 512 B: malloc #1, malloc #3, malloc #2',
    ]);
    expect(view.groups.map(({ note, growth }) => [note, growth])).toEqual([
      ['[12] · page', 40_960],
      ['malloc ← voice_new · page', 512],
    ]);
  });

  test('how a place grows is that of the stretch in sight', () => {
    bench.ingest(heapSession());
    const [place] = look({ by: 'site', sort: 'growth', from: 1.5e6 }).groups;
    expect(place).toMatchObject({ growth: 20_480, liveBytes: 40_960 });
  });

  test('a block that no node uses belongs to the only node that has its memory, or to none', () => {
    bench.ingest(
      textInputs(`
        0 nodeCreated node=1 processorName=sampler
        0 memorySeen memory=1 kind=shared bytes=1024
        0 passed end=2 message=0 what=memory local=1
        5 blockAllocated block=1 memory=1 offset=0 length=64
        6 blockAllocated block=2 memory=2 offset=0 length=64
      `),
    );
    expect(groupsOf(look())).toEqual([
      'sampler #1: 1 of 1, 64 B: block #1',
      'No node: 1 of 1, 64 B: block #2',
    ]);
  });

  test('an owner of many blocks is folded until it is asked for, and then not all are listed', () => {
    const lines = Array.from(
      { length: 300 },
      (_, i) => `${i} blockAllocated block=${i + 1} memory=1 offset=${i * 64} length=8`,
    );
    bench.ingest(textInputs(lines.join('\n')));
    expect(look().groups).toMatchObject([{ blocks: 300, open: false, rows: [] }]);
    const [open] = look({ toggled: ['0/none'] }).groups;
    expect(open).toMatchObject({ open: true, rowsOmitted: 100 });
    expect(open?.rows).toHaveLength(200);
    expect(open?.rows[0]?.label).toBe('block #300');
  });
});

describe('what is shown', () => {
  beforeEach(() => bench.ingest(heapSession()));

  test('live or freed blocks alone, while the curve stays', () => {
    expect(groupsOf(look({ shown: 'live' }))).toEqual(['voice #3: 1 of 1, 512 B: malloc #3']);
    const freed = look({ shown: 'freed' });
    expect(freed.blocks).toBe(2);
    expect(freed.curve.known).toEqual(look().curve.known);
  });

  test.each([
    ['voice #2', 1],
    ['0x1000', 2],
    ['malloc #3', 1],
    ['nothing', 0],
  ])('what the filter finds: %s', (text, count) => {
    expect(look({ text }).blocks).toBe(count);
  });

  test('one memory alone', () => {
    expect(look({ memory: '0/m0.1' }).blocks).toBe(3);
    expect(look({ memory: '0/m0.7' }).blocks).toBe(0);
  });

  test('a block has its life, and what came after it', () => {
    const rows = look().groups.flatMap((group) => group.rows);
    expect(rows[0]).toMatchObject({
      key: '0/k1',
      row: '0/n1',
      address: '0x1000',
      bytes: 1024,
      born: 150_000,
      freed: 600_000,
      misuses: [620_000, 950_000],
      worst: 'error',
    });
    expect(rows[0]?.usedUntil).toBe(950_000);
    expect(rows[1]).toMatchObject({ freed: undefined, usedUntil: undefined, misuses: [] });
  });

  test('what ended before the session was cleared is not shown', () => {
    bench.pass(200);
    bench.host.receive({ kind: 'clear', leaving: false });
    expect(groupsOf(look())).toEqual(['voice #3: 1 of 1, 512 B: malloc #3']);
  });
});
