import { nextInstruction, OP, refuseReference } from './instructions.ts';
import {
  join,
  readName,
  readSections,
  readUnsigned,
  SECTION,
  type Section,
  skipLeb,
  writeName,
  writeSections,
  writeUnsigned,
} from './wasm-binary.ts';

/** The exported global that holds how many units an evaluation may still use. */
export const FUEL = 'fuel';

/**
 * Puts a counter into a Wasm module: each loop iteration, and each entry into a function that calls
 * others, uses a unit; when none is left the module traps. Code that runs forever must do one of these
 * forever, so it is stopped: without a thread, and after the same work on every machine.
 */
export function meter(wasm: Uint8Array): Uint8Array {
  // A module that uses an undeclared global index would reach the fuel, and could give itself more.
  if (!WebAssembly.validate(wasm)) throw new RangeError('the Wasm module is damaged');
  const sections = readSections(wasm);
  const fuel = globalCount(sections);
  return writeSections(
    wasm,
    sections.map((section) => rewrite(section, fuel)),
  );
}

function rewrite({ id, body }: Section, fuel: number): Section {
  if (id === SECTION.global) return { id, body: append(body, FUEL_GLOBAL) };
  if (id === SECTION.export) return { id, body: append(body, exportOf(fuel)) };
  if (id === SECTION.code) return { id, body: meterCode(body, takeUnit(fuel)) };
  return { id, body };
}

/**
 * Fuel for initialising and loading the data, 2^27 units as a signed LEB128: five times what the
 * largest data needs, and less than a second for a module that loops in its start function.
 */
const FUEL_AT_FIRST = [0x80, 0x80, 0x80, 0xc0, 0x00];
const FUEL_GLOBAL = [0x7f, 0x01, OP.i32Const, ...FUEL_AT_FIRST, OP.end];

function exportOf(fuel: number): number[] {
  const GLOBAL = 0x03;
  return [...writeName(FUEL), GLOBAL, ...writeUnsigned(fuel)];
}

function takeUnit(fuel: number): Uint8Array {
  const index = writeUnsigned(fuel);
  return Uint8Array.from([
    ...[OP.globalGet, ...index, OP.i32Eqz, OP.if, OP.void, OP.unreachable, OP.end],
    ...[OP.globalGet, ...index, OP.i32Const, 1, OP.i32Sub, OP.globalSet, ...index],
  ]);
}

function append(vector: Uint8Array, item: readonly number[]): Uint8Array {
  const { value: count, next } = readUnsigned(vector, 0);
  return join([writeUnsigned(count + 1), vector.subarray(next), item]);
}

/** How many globals there are already, which is the index of the one that is added. */
function globalCount(sections: readonly Section[]): number {
  const own = sections.find(({ id }) => id === SECTION.global);
  if (!own) throw new RangeError('the Wasm module has no globals, so OPA did not make it');
  const imports = sections.find(({ id }) => id === SECTION.import);
  return readUnsigned(own.body, 0).value + (imports ? importedGlobals(imports.body) : 0);
}

/** Kinds of import: 0 function, 1 table, 2 memory, 3 global. */
function importedGlobals(body: Uint8Array): number {
  const { value: count, next } = readUnsigned(body, 0);
  let globals = 0;
  for (let i = 0, at = next; i < count; i += 1) {
    at = readName(body, readName(body, at).next).next;
    const kind = body[at] ?? -1;
    at += 1;
    if (kind === 0) at = skipLeb(body, at);
    else if (kind === 1) at = skipLimits(body, at + 1);
    else if (kind === 2) at = skipLimits(body, at);
    else if (kind === 3) at += 2;
    else throw new RangeError('the Wasm module imports what OPA does not');
    globals += kind === 3 ? 1 : 0;
  }
  return globals;
}

function skipLimits(body: Uint8Array, at: number): number {
  const hasMaximum = body[at] === 1;
  const afterMinimum = skipLeb(body, at + 1);
  return hasMaximum ? skipLeb(body, afterMinimum) : afterMinimum;
}

function meterCode(body: Uint8Array, unit: Uint8Array): Uint8Array {
  const { value: count, next } = readUnsigned(body, 0);
  const parts: ArrayLike<number>[] = [body.subarray(0, next)];
  for (let i = 0, at = next; i < count; i += 1) {
    const size = readUnsigned(body, at);
    const end = size.next + size.value;
    const metered = meterFunction(body.subarray(size.next, end), unit);
    parts.push(writeUnsigned(metered.length), metered);
    at = end;
  }
  return join(parts);
}

function meterFunction(code: Uint8Array, unit: Uint8Array): Uint8Array {
  const start = skipLocals(code);
  const { loops, calls } = survey(code, start);
  if (!calls && loops.length === 0) return code;
  const parts = [code.subarray(0, start)];
  if (calls) parts.push(unit);
  let copied = start;
  for (const loop of loops) {
    parts.push(code.subarray(copied, loop), unit);
    copied = loop;
  }
  parts.push(code.subarray(copied));
  return join(parts);
}

function skipLocals(code: Uint8Array): number {
  const { value: groups, next } = readUnsigned(code, 0);
  let at = next;
  for (let i = 0; i < groups; i += 1) {
    const type = skipLeb(code, at);
    refuseReference(code[type]);
    at = type + 1;
  }
  return at;
}

/** Where loop bodies start, and whether the function calls any other. */
function survey(code: Uint8Array, start: number) {
  const loops: number[] = [];
  let calls = false;
  for (let at = start; at < code.length; ) {
    const op = code[at];
    at = nextInstruction(code, at);
    if (op === OP.loop) loops.push(at);
    if (op === OP.call || op === OP.callIndirect) calls = true;
  }
  return { loops, calls };
}
