import { readUnsigned, skipLeb } from './wasm-binary.ts';

/** https://webassembly.github.io/spec/core/binary/instructions.html */
export const OP = {
  unreachable: 0x00,
  loop: 0x03,
  if: 0x04,
  end: 0x0b,
  call: 0x10,
  callIndirect: 0x11,
  globalGet: 0x23,
  globalSet: 0x24,
  i32Const: 0x41,
  i32Eqz: 0x45,
  i32Sub: 0x6b,
  void: 0x40,
} as const;

const BR_TABLE = 0x0e;
const F32_CONST = 0x43;
const F64_CONST = 0x44;
const PREFIXED = 0xfc;
const LAST_TRUNC_SAT = 7;
const REF_NULL = 0x63;
const REF = 0x64;

const BLOCKS: ReadonlySet<number> = new Set([0x02, OP.loop, OP.if]);

/** Loads and stores. */
const MEMORY: ReadonlySet<number> = new Set(range(0x28, 0x3e));
/** As a power of two. Larger values carry a flag that a memory index follows; OPA has only one memory. */
const MOST_ALIGNMENT = 4;

/** How many LEB128s follow an opcode; opcodes not listed here have another form or no operands. */
const LEBS: ReadonlyMap<number, number> = new Map([
  ...[0x02, 0x03, 0x04, 0x0c, 0x0d, 0x10].map((op): [number, number] => [op, 1]),
  ...range(0x20, 0x24).map((op): [number, number] => [op, 1]),
  ...[0x3f, 0x40, 0x41, 0x42].map((op): [number, number] => [op, 1]),
  [0x11, 2],
  ...[...MEMORY].map((op): [number, number] => [op, 2]),
]);

const PLAIN: ReadonlySet<number> = new Set([
  ...[0x00, 0x01, 0x05, 0x0b, 0x0f, 0x1a, 0x1b],
  ...range(0x45, 0xc4),
]);

/**
 * Where the instruction after the one at `at` starts. Instructions that could do much work at once
 * (bulk memory), and all that OPA does not use, are refused: the meter would not see their work.
 */
export function nextInstruction(code: Uint8Array, at: number): number {
  const op = code[at] ?? 0;
  if (PLAIN.has(op)) return at + 1;
  if (BLOCKS.has(op)) refuseReference(code[at + 1]);
  if (MEMORY.has(op) && (code[at + 1] ?? 0) > MOST_ALIGNMENT) throw unused(op);
  const lebs = LEBS.get(op);
  if (lebs === 1) return skipLeb(code, at + 1);
  if (lebs === 2) return skipLeb(code, skipLeb(code, at + 1));
  if (op === F32_CONST) return at + 5;
  if (op === F64_CONST) return at + 9;
  if (op === BR_TABLE) return skipBranchTable(code, at + 1);
  const { value, next } = op === PREFIXED ? readUnsigned(code, at + 1) : { value: -1, next: at };
  if (value >= 0 && value <= LAST_TRUNC_SAT) return next;
  throw unused(op);
}

function unused(op: number): RangeError {
  return new RangeError(
    `the Wasm module uses instruction 0x${op.toString(16)}, which OPA does not, or not so`,
  );
}

/** Such a type has two parts, and the second would be read as an instruction. */
export function refuseReference(type: number | undefined): void {
  if (type !== REF && type !== REF_NULL) return;
  throw new RangeError('the Wasm module uses typed references, which OPA does not');
}

function skipBranchTable(code: Uint8Array, at: number): number {
  const { value: targets, next } = readUnsigned(code, at);
  let end = next;
  for (let i = 0; i <= targets; i += 1) end = skipLeb(code, end);
  return end;
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
