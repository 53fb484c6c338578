import { expect, test } from 'vitest';
import { splitLines } from '../../src/files/lines.ts';

async function linesOf(chunks: AsyncIterable<Buffer>): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of splitLines(chunks)) lines.push(line);
  return lines;
}

async function* halves(bytes: Buffer, at: number) {
  yield bytes.subarray(0, at);
  yield bytes.subarray(at);
}

test('lines are the same wherever their chunks end', async () => {
  const bytes = Buffer.from('é\n\nzwei\r\n€ drei');
  for (let at = 0; at <= bytes.length; at += 1) {
    const lines = await linesOf(halves(bytes, at));
    expect(lines).toEqual(['é', '', 'zwei\r', '€ drei']);
  }
});

test('a file without line breaks is abandoned before it fills memory', async () => {
  let given = 0;
  async function* endless() {
    for (const chunk = Buffer.alloc(1 << 20, 'x'); given < 100; given += 1) yield chunk;
  }
  expect(await linesOf(endless())).toHaveLength(1);
  expect(given).toBeLessThan(20);
});
