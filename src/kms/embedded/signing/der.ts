/** SEQUENCE { r INTEGER, s INTEGER }, as ECDSA signatures travel. */
export function writeDer(r: bigint, s: bigint): Buffer {
  return tagged(0x30, Buffer.concat([integer(r), integer(s)]));
}

/** The two numbers, or undefined for anything but exactly one such sequence. */
export function readDer(bytes: Buffer): readonly [bigint, bigint] | undefined {
  const outer = read(bytes, 0x30);
  if (!outer || outer.rest.length > 0) return undefined;
  const r = read(outer.content, 0x02);
  const s = r && read(r.rest, 0x02);
  if (!r || !s || s.rest.length > 0) return undefined;
  return [toBigInt(r.content), toBigInt(s.content)];
}

function integer(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  const positive = (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.of(0), bytes]);
  return tagged(0x02, positive);
}

function tagged(tag: number, content: Buffer): Buffer {
  const size = content.length < 0x80 ? [content.length] : [0x81, content.length];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

function read(bytes: Buffer, tag: number): { content: Buffer; rest: Buffer } | undefined {
  if (bytes[0] !== tag) return undefined;
  const long = bytes[1] === 0x81;
  const start = long ? 3 : 2;
  const size = long ? bytes[2] : bytes[1];
  if (size === undefined || size === 0 || (!long && size > 0x7f)) return undefined;
  if (bytes.length < start + size) return undefined;
  return { content: bytes.subarray(start, start + size), rest: bytes.subarray(start + size) };
}

function toBigInt(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
}
