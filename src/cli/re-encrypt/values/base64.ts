/** Text that no base64 decoder can take; the message says why, as Python does. */
export class Base64Problem extends Error {
  override readonly name = 'Base64Problem';
}

/**
 * Decodes as leniently as Python: characters outside the alphabet are skipped, and what follows
 * complete padding is ignored. @throws Base64Problem
 */
export function decodeBase64(text: string): Uint8Array {
  if (/[\u0080-\uffff]/.test(text)) {
    throw new Base64Problem('string argument should contain only ASCII characters');
  }
  const digits = significantDigits(text);
  return Buffer.from(digits, 'base64');
}

function significantDigits(text: string): string {
  let digits = '';
  let padding = 0;
  for (const character of text) {
    if (character === '=') {
      padding += 1;
      const position = digits.length % 4;
      if (position >= 2 && position + padding >= 4) return digits;
    } else if (/[A-Za-z0-9+/]/.test(character)) {
      digits += character;
      padding = 0;
    }
  }
  if (digits.length % 4 !== 0) throw new Base64Problem(`Invalid base64: "${text}"`);
  return digits;
}

/** The bytes that this text encodes, where it is nothing but canonical base64. */
export function strictBase64(text: string): Uint8Array | undefined {
  const compact = text.replaceAll(/\s/g, '');
  if (compact === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(compact)) return undefined;
  const bytes = Buffer.from(compact, 'base64');
  return bytes.toString('base64') === compact ? bytes : undefined;
}
