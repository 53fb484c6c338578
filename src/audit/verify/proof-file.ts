import { type Checkpoint, parseNote } from '../log/note.ts';
import { fromBytes, type Hash, toBytes } from '../log/tree.ts';

/** A proof that an entry is in a log, as https://c2sp.org/tlog-proof has it. */
interface ProofFile {
  readonly seq: number;
  readonly hashes: readonly Hash[];
  readonly checkpoint: Checkpoint;
}

const HEADER = 'c2sp.org/tlog-proof@v1';

export function toProof(seq: number, hashes: readonly Hash[], note: string): string {
  const lines = hashes.map((hash) => `${toBytes(hash).toString('base64')}\n`).join('');
  return `${HEADER}\nindex ${seq}\n${lines}\n${note}`;
}

/** @throws Error if it is no such proof */
export function parseProof(text: string): ProofFile {
  const split = text.indexOf('\n\n');
  const [header, index, ...hashes] = text.slice(0, split).split('\n');
  const [, digits] = /^index (0|[1-9]\d*)$/.exec(index ?? '') ?? [];
  if (header !== HEADER || digits === undefined) throw new Error(`not a ${HEADER} file`);
  return {
    seq: Number(digits),
    hashes: hashes.map(toHash),
    checkpoint: parseNote(text.slice(split + 2)),
  };
}

function toHash(base64: string): Hash {
  if (!/^[A-Za-z0-9+/]{43}=$/.test(base64)) throw new Error(`'${base64}' is not a hash in base64`);
  return fromBytes(Buffer.from(base64, 'base64'));
}
