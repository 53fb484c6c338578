import protobuf from 'protobufjs';

/** The fields that a message may have, by their numbers. The decoder skips all others. */
export interface Shape {
  readonly [field: number]: 'number' | 'numbers' | 'bytes' | Shape;
}

const VARINT = 0;
const DELIMITED = 2;
/** Nobody sends groups, and the fields in one would be skipped uncounted. */
const GROUP = 3;

/**
 * Counts the fields and packed numbers that the decoder would read, nested ones too; stops above `most`.
 * Counting is far cheaper than decoding. protobufjs decodes a field by its declared type, whatever its tag
 * says: a field that it would read differently from this count is refused.
 * @throws Error if the message is malformed
 */
export function countFields(bytes: Uint8Array, shape: Shape, most: number): number {
  const reader = protobuf.Reader.create(bytes);
  let count = 0;
  while (reader.pos < reader.len && count <= most) {
    const tag = reader.uint32();
    const [kind, wire] = [shape[tag >>> 3], tag & 7];
    count += 1;
    if (wire === GROUP) throw new Error('a group');
    if (kind === undefined) reader.skipType(wire);
    else if (wire === VARINT && (kind === 'number' || kind === 'numbers')) reader.skipType(wire);
    else if (wire !== DELIMITED || kind === 'number') throw new Error('a field of another type');
    else count += countWithin(reader.bytes(), kind, most - count);
  }
  return count;
}

/** The same as a question, which a short message answers by its length: a field takes at least a byte. */
export function hasMoreFields(bytes: Uint8Array, shape: Shape, most: number): boolean {
  return bytes.length > most && countFields(bytes, shape, most) > most;
}

function countWithin(bytes: Uint8Array, kind: 'numbers' | 'bytes' | Shape, most: number): number {
  if (kind === 'bytes') return 0;
  return kind === 'numbers' ? bytes.length : countFields(bytes, kind, most);
}

/** Bytes of the largest field of a message whose fields have been counted. */
export function largestField(bytes: Uint8Array): number {
  const reader = protobuf.Reader.create(bytes);
  let largest = 0;
  while (reader.pos < reader.len) {
    const { pos } = reader;
    reader.skipType(reader.uint32() & 7);
    largest = Math.max(largest, reader.pos - pos);
  }
  return largest;
}
