const NEWLINE = 0x0a;
/** Longer than any message: a file with longer lines is no JSON Lines, and is not read into memory. */
const MOST_BYTES = 16 << 20;

/**
 * Lines as JSON Lines has them. node:readline breaks them at U+2028 and U+2029 too, which may stand in a
 * string. A line that is too long is the last, and cut: no JSON. A byte order mark is left out.
 */
export async function* splitLines(input: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let begun: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      yield toText([...begun, chunk.subarray(start, end)]);
      [begun, bytes, start] = [[], 0, end + 1];
    }
    if (start === chunk.length) continue;
    begun.push(chunk.subarray(start));
    bytes += chunk.length - start;
    if (bytes > MOST_BYTES) break;
  }
  if (bytes > 0) yield toText(begun);
}

function toText(pieces: readonly Buffer[]): string {
  return new TextDecoder().decode(Buffer.concat(pieces));
}
