import { type Body, pack, toEventBody } from '../../src/audit/entries/body.ts';
import { type Chain, createStage, EMPTY_CHAIN } from '../../src/audit/log/chain.ts';
import { type Predecessor, toHead } from '../../src/audit/log/head.ts';
import { toCheckpoint, toNote } from '../../src/audit/log/note.ts';
import { createEd25519Signer, makeEd25519Key } from '../../src/audit/log/signer.ts';
import { rootOf, type Tree } from '../../src/audit/log/tree.ts';
import { parseVkey } from '../../src/audit/log/vkey.ts';

const TIME = '2026-11-30T00:00:00.000Z';
export const ORIGIN = 'test.example/forged';

type Fields = Parameters<typeof toEventBody>[2];

/** Makes a log line by line, each with its right place in the chain, so that a test says what else is wrong. */
export function createForge() {
  const signer = createEd25519Signer(makeEd25519Key(), ORIGIN);
  const stage = createStage();
  let chain = EMPTY_CHAIN;
  return {
    vkey: signer.vkey,
    chain: () => chain,
    /** Goes back to where an earlier line was. */
    back(to: Chain) {
      chain = to;
    },
    head(changes: { predecessor?: Predecessor; chain?: Chain } = {}): Buffer {
      const facts = { chain, origin: ORIGIN, vkey: signer.vkey, labels: {}, open: [] };
      return lines(toHead({ ...facts, predecessor: undefined, ...changes }, TIME));
    },
    entries: (count: number): Buffer =>
      lines(...Array.from({ length: count }, () => toEventBody('reload', TIME, {}))),
    event: (kind: string, fields: Fields): Buffer => lines(toEventBody(kind, TIME, fields)),
    /** A checkpoint with a valid signature. */
    async note(tree: Tree = chain.tree, origin: string = ORIGIN): Promise<string> {
      const text = toCheckpoint(origin, { size: tree.size, root: rootOf(tree) });
      return toNote(text, parseVkey(signer.vkey), await signer.sign(Buffer.from(text)));
    },
  };

  function lines(...bodies: Body[]): Buffer {
    const staged = stage(chain, pack(bodies));
    chain = staged.chain;
    return Buffer.from(staged.bytes);
  }
}

export type Forge = ReturnType<typeof createForge>;
