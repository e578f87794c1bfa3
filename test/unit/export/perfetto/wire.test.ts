import { BinaryReader } from '@bufbuild/protobuf/wire';
import { expect, test } from 'vitest';
import { encodeTrace } from '../../../../src/export/perfetto/trace.ts';
import { sessionOf } from '../../../support/text-records.ts';

/** Every field of a message by number; nested messages as bytes. */
function fieldsOf(bytes: Uint8Array): ReadonlyMap<number, readonly (bigint | Uint8Array)[]> {
  const input = new BinaryReader(bytes);
  const fields = new Map<number, (bigint | Uint8Array)[]>();
  while (input.pos < input.len) {
    const [number, wire] = input.tag();
    const value = wire === 2 ? input.bytes() : wire === 1 ? input.fixed64() : input.uint64();
    fields.set(number, [...(fields.get(number) ?? []), plain(value)]);
  }
  return fields;
}

function plain(value: bigint | string | Uint8Array): bigint | Uint8Array {
  return value instanceof Uint8Array ? value : BigInt(value);
}

const message = (value: bigint | Uint8Array | undefined) => {
  if (!(value instanceof Uint8Array)) throw new Error('not a message');
  return fieldsOf(value);
};

test('a trace is read by a decoder of somebody else, packet by packet', () => {
  const trace = encodeTrace(
    sessionOf(`
      0     nodeCreated  node=7
      1000  process      node=7 times=3 duration=120
      9000  process      node=7 returned=false
    `),
    [],
  );
  const names = new Map<string, string>();
  const clocks = new Map<bigint, bigint>();
  const tracks = new Map<bigint, string>();
  const calls: string[] = [];
  let track = 0n;
  let open = '';
  for (const packet of fieldsOf(trace).get(1) ?? []) {
    const fields = message(packet);
    const sequence = fields.get(10)?.[0];
    expect(sequence, 'every packet names its sequence').toBeTypeOf('bigint');
    for (const interned of fields.get(12) ?? []) {
      for (const entry of message(interned).get(2) ?? []) {
        const [iid] = message(entry).get(1) ?? [];
        const [name] = message(entry).get(2) ?? [];
        names.set(`${sequence}/${iid}`, new TextDecoder().decode(name as Uint8Array));
      }
    }
    for (const descriptor of fields.get(60) ?? []) {
      const [uuid] = message(descriptor).get(1) ?? [];
      const [name] = message(descriptor).get(2) ?? [];
      if (name !== undefined)
        tracks.set(uuid as bigint, new TextDecoder().decode(name as Uint8Array));
    }
    for (const defaults of fields.get(59) ?? []) {
      const [event] = message(defaults).get(11) ?? [];
      if (event === undefined) continue;
      track = message(event).get(11)?.[0] as bigint;
      clocks.set(sequence as bigint, 0n);
    }
    for (const event of fields.get(11) ?? []) {
      if (!clocks.has(sequence as bigint)) continue;
      const body = message(event);
      const at = (clocks.get(sequence as bigint) ?? 0n) + (fields.get(8)?.[0] as bigint);
      clocks.set(sequence as bigint, at);
      if (body.get(9)?.[0] === 1n) {
        const [frame] = message(body.get(4)?.[0]).get(3) ?? [];
        open = `${tracks.get(track)}: ${names.get(`${sequence}/${body.get(10)?.[0]}`)}, frame ${frame}, ${at}`;
      } else calls.push(`${open}..${at}`);
    }
  }
  expect(calls).toEqual([
    'noise #7: process() → true, frame 0, 1000..1120',
    'noise #7: process() → true, frame 128, 3666..3786',
    'noise #7: process() → true, frame 256, 6333..6453',
    'noise #7: process() → false, untimed, frame 384, 9000..9001',
  ]);
});
