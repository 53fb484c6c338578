/** No bundle or chain has more, and every message means parsing all of them again. */
const MOST = 1000;

/** Splits certificates that follow one another, as the SPIFFE Workload API sends them. */
export function splitDer(bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + elementLength(bytes.subarray(at));
    if (parts.length === MOST) throw new Error(`there are more than ${MOST} certificates together`);
    if (end > bytes.length) throw new Error('a certificate is cut short');
    parts.push(bytes.subarray(at, end));
    at = end;
  }
  return parts;
}

export function toPem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** How many bytes the subject of a certificate has (RFC 5280, 4.1). It must be one that OpenSSL has read. */
export function subjectBytes(certificate: Uint8Array): number {
  let rest = contentOf(contentOf(certificate));
  const VERSION = 0xa0;
  const before = rest[0] === VERSION ? 5 : 4;
  for (let n = 0; n < before; n += 1) rest = rest.subarray(extent(rest).end);
  return extent(rest).end;
}

function contentOf(element: Uint8Array): Uint8Array {
  const { start, end } = extent(element);
  return element.subarray(start, end);
}

/** @throws Error where it is not a SEQUENCE */
function elementLength(bytes: Uint8Array): number {
  if (bytes[0] !== 0x30) throw new Error('one of the parts is not a certificate');
  return extent(bytes).end;
}

/** Where the content of a DER element with a tag of one byte begins and ends (X.690, 8.1.3). */
function extent(bytes: Uint8Array): { start: number; end: number } {
  const first = bytes[1] ?? 0;
  if (first < 0x80) return { start: 2, end: 2 + first };
  const start = 2 + (first & 0x7f);
  let length = 0;
  for (const byte of bytes.subarray(2, start)) length = length * 256 + byte;
  return { start, end: start + length };
}
