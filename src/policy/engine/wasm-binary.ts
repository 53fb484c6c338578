/** Reading and writing the WebAssembly binary format, as far as metering needs it. */

export interface Section {
  readonly id: number;
  readonly body: Uint8Array;
}

export const SECTION = { import: 2, global: 6, export: 7, code: 10 } as const;

const HEADER_BYTES = 8;

/** A value that was read, and the offset after it. */
interface Read {
  readonly value: number;
  readonly next: number;
}

export function readSections(wasm: Uint8Array): Section[] {
  const sections: Section[] = [];
  for (let at = HEADER_BYTES; at < wasm.length; ) {
    const { value: size, next } = readUnsigned(wasm, at + 1);
    sections.push({ id: wasm[at] ?? 0, body: wasm.subarray(next, next + size) });
    at = next + size;
  }
  return sections;
}

export function writeSections(wasm: Uint8Array, sections: readonly Section[]): Uint8Array {
  const parts = sections.flatMap(({ id, body }) => [[id], writeUnsigned(body.length), body]);
  return join([wasm.subarray(0, HEADER_BYTES), ...parts]);
}

/** An unsigned LEB128 of at most 32 bits. */
export function readUnsigned(bytes: Uint8Array, at: number): Read {
  let value = 0;
  for (let shift = 0, next = at; shift < 35; shift += 7, next += 1) {
    const byte = bytes[next];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, next: next + 1 };
  }
  throw new RangeError('the Wasm module is damaged');
}

export function writeUnsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...writeUnsigned(value >>> 7)];
}

/** The offset after a LEB128 of any sign and width. */
export function skipLeb(bytes: Uint8Array, at: number): number {
  let next = at;
  while ((bytes[next] ?? 0) >= 0x80) next += 1;
  return next + 1;
}

/** A name: its length, then its UTF-8. */
export function readName(bytes: Uint8Array, at: number): { value: string; next: number } {
  const { value: length, next } = readUnsigned(bytes, at);
  return {
    value: new TextDecoder().decode(bytes.subarray(next, next + length)),
    next: next + length,
  };
}

export function writeName(name: string): number[] {
  const text = new TextEncoder().encode(name);
  return [...writeUnsigned(text.length), ...text];
}

export function join(parts: readonly ArrayLike<number>[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
