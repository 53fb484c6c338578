import { expect, test } from 'vitest';
import { fromBytes, rootOf } from '../../../src/audit/log/tree.ts';
import { collectLogs } from '../../../src/audit/verify/collect.ts';
import { readLeaves } from '../../../src/audit/verify/leaves.ts';
import { inclusionProof, rootFromInclusion } from '../../../src/audit/verify/proof.ts';
import { createForge } from '../forge.ts';
import { createMemoryDisk } from '../memory-disk.ts';

const [FILE, FIRST] = ['/log/audit.jsonl', '/log/audit-000000000000.jsonl'];

test('a proof from a log of more than a thousand entries leads to its root, also without its first segment', () => {
  const forge = createForge();
  const disk = createMemoryDisk();
  disk.write(FIRST, Buffer.concat([forge.head(), forge.entries(600)]));
  disk.write(FILE, Buffer.concat([forge.head(), forge.entries(600)]));
  const { tree, seq: size } = forge.chain();
  const leavesFor = (seq: number, of = size) =>
    readLeaves(disk, collectLogs(disk, FILE)[0]!, of, seq);
  const expectProof = (seq: number) => {
    const leaves = leavesFor(seq);
    const line = leaves.line(seq)!;
    expect(JSON.parse(line.toString()).seq).toBe(seq);
    const proof = inclusionProof(leaves, seq, size);
    expect(rootFromInclusion({ line, seq, size, proof })).toBe(fromBytes(rootOf(tree)));
  };
  for (const seq of [0, 1_024, size - 1]) expectProof(seq);
  const ends = `the log ends at seq ${size - 1}; ${size + 1} entries are asked for`;
  expect(() => leavesFor(0, size + 1)).toThrow(ends);
  disk.remove(FIRST);
  for (const seq of [601, 1_024]) expectProof(seq);
  expect(() => expectProof(600)).toThrow();
  expect(() => inclusionProof(leavesFor(600), 600, size)).toThrow(`entry 600 is not among 601 to`);
});
