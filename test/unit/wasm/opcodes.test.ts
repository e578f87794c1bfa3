import { describe, expect, test } from 'vitest';
import { IMMEDIATE, OP, OPCODE, opcodeParts } from '../../../src/wasm/opcodes.ts';
import { assemble, CONSTANTS, opcodeNamed } from '../../support/wasm-assembler.ts';
import { validates } from '../../support/wasm-engine.ts';

/** Instructions whose operands follow from their opcodes: a function that runs each once. */
function single(op: number): string {
  const [takes = '', gives = ''] = (OPCODE.signature[op] ?? '').split(':');
  const atomic = (opcodeParts(op).prefix === 0xfe) === true;
  const operands = [...takes].map((letter) => CONSTANTS[letter]);
  const results = [...gives].map((letter) => (letter === '*' ? 'i' : letter));
  // What has a letter of its own must come out as just that type.
  const dropped = results.map((letter) =>
    letter === 'r' ? 'drop' : `call ${'ilfdv'.indexOf(letter)}`,
  );
  return `
    import func env.i i:
    import func env.l l:
    import func env.f f:
    import func env.d d:
    import func env.v v:
    memory 1 1 ${atomic ? 'shared' : ''}
    table 1
    global i 0
    elem 0
    data passive 00
    func : locals i
      ${[...operands, instruction(op), ...dropped].join('\n')}
    end`;
}

function instruction(op: number): string {
  return `${OPCODE.name[op]} ${OPCODE.immediate[op] === IMMEDIATE.valueTypes ? 'i' : '0 0'}`;
}

const fixed = Object.keys(OPCODE.name)
  .map(Number)
  .filter((op) => OPCODE.fixed[op] === 1);

describe('an engine agrees on what follows, what is taken and what is given', () => {
  test.each(fixed.map((op) => [OPCODE.name[op] ?? '', op] as const))('%s', (name, op) => {
    if (name === 'ref.eq' || name === 'ref.as_non_null' || name === 'ref.func') return;
    expect(validates(assemble(single(op)))).toBe(true);
  });
});

test('names that the code goes by stand for what they say', () => {
  for (const [key, op] of Object.entries(OP)) {
    const name = (OPCODE.name[op] ?? '').replace(/[._]/g, '').toLowerCase();
    expect(name.replace('memoryatomic', 'atomic')).toBe(key.toLowerCase());
  }
});

test('each name stands for one instruction', () => {
  const names = Object.values(OPCODE.name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThan(560);
  for (const name of names) expect(OPCODE.name[opcodeNamed(name)]).toBe(name);
});
