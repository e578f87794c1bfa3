import { markdownTable } from '../base/markdown-table.ts';
import * as LIMITS from './limits.ts';
import { PROTOCOL_VERSION } from './messages.ts';
import { RECORDS, type RecordShape } from './records.ts';
import {
  ATOMIC,
  CONTROL,
  CONTROL_WORDS,
  DURATION_UNIT_MICROS,
  SLOT,
  SLOT_BYTES,
  SLOT_FLAG,
} from './slots.ts';

/** `docs/wire-format.md`. */
export function printWireFormat(): string {
  const shapes: [string, RecordShape][] = Object.entries(RECORDS);
  return `${[
    '# Wire format',
    'Printed from `src/shared` by `npm run docs`; do not edit.',
    `Protocol version ${PROTOCOL_VERSION}. A document’s records travel as chunks, each a run of bytes of one
thread, of form \`records\` or \`slots\`, numbered from 1. A chunk stands alone: whoever holds it can read it.
A chunk that cannot be read to its end is dropped whole, and counted.`,
    RECORD_FORM,
    '## Records',
    'Append only: an op that was ever shipped keeps its fields, since saved sessions hold it.',
    markdownTable(
      ['Op', 'Record', 'Fields', 'Meaning'],
      shapes.map(([name, { op, fields, doc }]) => [`${op}`, `\`${name}\``, fieldList(fields), doc]),
    ),
    SLOT_FORM,
    markdownTable(
      ['Op', 'Slot'],
      Object.entries(SLOT).map(([name, op]) => [`${op}`, `\`${name}\``]),
    ),
    `Flags: ${Object.entries(SLOT_FLAG)
      .map(([name, bit]) => `\`${name}\` ${bit}`)
      .join(', ')}. Durations count ${DURATION_UNIT_MICROS} µs.`,
    `The control block beside a ring is ${CONTROL_WORDS} 32-bit words; \`head\` is word ${CONTROL.head}, \`tail\` word ${CONTROL.tail},
\`calls\` word ${CONTROL.calls}.`,
    '## Limits',
    'Whatever goes beyond is cut or refused, and counted.',
    markdownTable(
      ['Limit', 'Value'],
      Object.entries(LIMITS).map(([name, value]) => [`\`${name}\``, value.toLocaleString('en-GB')]),
    ),
  ].join('\n\n')}\n`;
}

function fieldList(fields: RecordShape['fields']): string {
  const list = Object.entries(fields).map(([name, type]) =>
    typeof type === 'string' ? `${name}: ${type}` : `${name}: ${type.join(' · ')}`,
  );
  return list.map((field) => `\`${field}\``).join('<br>');
}

const RECORD_FORM = `## A chunk of records

\`\`\`
record := op uint · seq int (difference) · at int (difference) · field*
uint   := LEB128 of 0 … 2^53 − 1
int    := zigzag LEB128
float  := IEEE 754 double, little-endian
flag   := one byte, 0 or 1
text   := uint i, the i-th text of this chunk counted from 1, or 0 and then the text itself:
          its length in UTF-16 code units, then each unit as uint
word   := uint, the place of the word in its list
\`\`\`

\`seq\` is the record’s place in the order of all threads of a document (of its thread where the page is not isolated),
\`at\` is microseconds since the document’s time origin; both are differences to the record before. Every
other field type is an id or a count, written as uint; an id of 0 means none. In records of an audio
rendering thread a \`node\` field holds the processor’s ordinal + 1. An \`end\`, \`worker\`, \`memoryId\` or \`cell\` is a number
of the thread that says it: an even end is twice the node of that port, end 1 of a worker is its global scope.

Memories of a message are numbered as a walk meets them: depth first, own enumerable string keys and array
elements in their order, entries of Maps and Sets in theirs, each object once, typed arrays and DataViews by their
buffer, a \`WebAssembly.Memory\` by its buffer; SharedArrayBuffers that were met before are not counted again.`;

const SLOT_FORM = `## A chunk of slots

What a thread says all the time: four 32-bit words (${SLOT_BYTES} bytes), little-endian.

\`\`\`
        bits 0–7   8–15     16–31
word 0  op         flags    ordinal        portSent, portReceived: the end’s number >> 1; atomic: the cell
word 1  seq (low 32 bits)                  clock: µs since the time origin, low 32 bits
word 2  frame (low 32 bits)                main thread and workers: ticks since the time origin
word 3  process       exit seq − entry seq (bits 0–15), duration (bits 16–31)
        processWide   0; the slot after it is processEnd
        processEnd    duration; word 1 is the exit seq
        sent/received message index
        clock         µs since the time origin, high bits
        lost          how many slots
        again         0; ordinal: how many calls. The calls of this quantum so far were those of the quantum before
        portSent/portReceived  message index
        atomic        place after the operation (low 32 bits); the slot after it is atomicEnd
        atomicEnd     how many operations; word 1: the value read, word 2: the value written or the number woken
\`\`\`

A tick is ${DURATION_UNIT_MICROS} µs. An atomic’s flags say what happened: ${Object.entries(ATOMIC)
  .map(([name, code]) => `\`${name}\` ${code}`)
  .join(', ')}.

Low words are widened by the reader: within a thread each of them grows.`;
