/** HTTP/2 frames by hand (RFC 9113, 6), so that they can be wrong. */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export const TYPE = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  ping: 6,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const FLAG = { endStream: 1, endHeaders: 4 } as const;

export function frame(
  type: number,
  flags: number,
  stream: number,
  body: Buffer = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}

export const SETTINGS = frame(TYPE.settings, 0, 0);

/** What each ReEncrypt call says of itself. */
export const CALL_HEADERS = {
  ':method': 'POST',
  ':scheme': 'http',
  ':path': '/kms.reencrypt.v1.ReEncryptService/ReEncrypt',
  ':authority': 'localhost',
  'content-type': 'application/grpc',
  te: 'trailers',
} as const;

/** Headers of a ReEncrypt call, HPACK literals without indexing (RFC 7541, 6.2.2). */
export function callHeaders(more: Readonly<Record<string, string>> = {}): Buffer {
  const headers = { ...CALL_HEADERS, ...more };
  return Buffer.concat(Object.entries(headers).map(([name, value]) => header(name, value)));
}

export function header(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0]), text(name), text(value)]);
}

/** A header that the peer remembers (RFC 7541, 6.2.1): as its newest one, `REMEMBERED` says it again. */
export function remembered(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0x40]), text(name), text(value)]);
}

export const REMEMBERED = 0x80 | 62;

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.concat([integer(value.length), Buffer.from(value, 'latin1')]);
}

/** HPACK integer with a 7-bit prefix (RFC 7541, 5.1). */
function integer(value: number): Buffer {
  if (value < 127) return Buffer.from([value]);
  const bytes = [127];
  let rest = value - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}
