import { expect, test } from 'vitest';
import { ProtoWriter } from '../../../../src/export/perfetto/proto-writer.ts';
import { encodeTrace } from '../../../../src/export/perfetto/trace.ts';
import { sessionOf } from '../../../support/text-records.ts';
import { openTrace } from '../../../support/trace-processor.ts';

const EPOCH_NS = 1_700_000_000_000_000_000n;
const BOOTTIME_NS = 5_000_000_000_000n;
const REALTIME = 1;
const BOOTTIME = 6;

/** A trace as Chrome records it: events on the boot clock, and one reading of that and the wall clock. */
function chromeTrace(): Uint8Array<ArrayBuffer> {
  const out = new ProtoWriter();
  out.begin(1);
  out.uint(10, 9);
  out.uint(13, 1);
  out.begin(6);
  for (const [clock, at] of [
    [BOOTTIME, BOOTTIME_NS],
    [REALTIME, EPOCH_NS],
  ] as const) {
    out.begin(1);
    out.uint(1, clock);
    out.big(2, at);
    out.end();
  }
  out.end();
  out.end();
  out.begin(1);
  out.big(8, BOOTTIME_NS + 3_000_000n);
  out.uint(10, 9);
  out.begin(11);
  out.uint(9, 3);
  out.uint(11, 0);
  out.text(23, 'from Chrome');
  out.end();
  out.end();
  return out.take();
}

/** A `tar` archive (POSIX ustar), one of the forms in which Perfetto takes several traces. */
function tarOf(files: readonly (readonly [name: string, bytes: Uint8Array])[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [name, bytes] of files) {
    const header = new Uint8Array(512);
    const put = (text: string, at: number) => header.set(new TextEncoder().encode(text), at);
    put(name, 0);
    put('0000644\0', 100);
    put('0000000\0', 108);
    put('0000000\0', 116);
    put(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124);
    put('00000000000\0', 136);
    put('        ', 148);
    put('0', 156);
    put('ustar\x0000', 257);
    const sum = header.reduce((a, b) => a + b, 0);
    put(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    const body = new Uint8Array(Math.ceil(bytes.length / 512) * 512);
    body.set(bytes);
    parts.push(header, body);
  }
  parts.push(new Uint8Array(1024));
  return new Uint8Array(Buffer.concat(parts));
}

const ours = () => encodeTrace(sessionOf('1000 mark text="from the page"'), []);

/**
 * Files are read in the order of their names, and the first one says which clock the time line is.
 * Chrome says the boot clock, of which no page knows anything, so the page's trace goes first.
 */
test('lies beside a Chrome trace on the wall clock', () => {
  const engine = openTrace(
    tarOf([
      ['0-page.pftrace', ours()],
      ['chrome.pftrace', chromeTrace()],
    ]),
  );
  expect(
    engine.query(
      "select name, ts - trace_start() as ts from slice where name like 'from%' order by ts",
    ),
  ).toEqual([
    { name: 'from the page', ts: 1_000_000 },
    { name: 'from Chrome', ts: 3_000_000 },
  ]);
  expect(
    engine.query("select name from stats where value > 0 and severity in ('error', 'data_loss')"),
  ).toEqual([]);
});
