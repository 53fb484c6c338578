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

/** Tag, length and content of a DER SEQUENCE (X.690, 8.1.3). */
function elementLength(bytes: Uint8Array): number {
  const [tag, first = 0] = bytes;
  if (tag !== 0x30) throw new Error('one of the parts is not a certificate');
  if (first < 0x80) return 2 + first;
  const count = first & 0x7f;
  let length = 0;
  for (const byte of bytes.subarray(2, 2 + count)) length = length * 256 + byte;
  return 2 + count + length;
}
