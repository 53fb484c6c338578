import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { parseNote, whyUnsigned } from '../../audit/log/note.ts';
import { readNote } from '../../audit/log/read-checkpoint.ts';
import { fromBytes } from '../../audit/log/tree.ts';
import type { LogFiles } from '../../audit/verify/collect.ts';
import { readLeaves } from '../../audit/verify/leaves.ts';
import { inclusionProof, rangeRoot, rootFromInclusion } from '../../audit/verify/proof.ts';
import { parseProof, toProof } from '../../audit/verify/proof-file.ts';
import { checkpointOf } from '../../files/segment-names.ts';
import { CommandFailure, type Terminal } from '../command.ts';
import { examples } from '../examples.ts';
import { gather } from '../gather.ts';
import { printable } from '../printable.ts';
import { contentOf, keyOf } from './arguments.ts';
import { disk } from './disk.ts';
import { TAMPERED, UNREADABLE } from './exit-codes.ts';
import { logOf } from './named-logs.ts';

interface Options {
  readonly checkpoint?: string;
  readonly entry?: string;
  readonly check?: string;
  readonly vkey?: readonly string[];
}

export function defineProve(command: Command, terminal: Terminal): void {
  command
    .command('prove')
    .description('Prove that an entry is in a log (c2sp.org/tlog-proof), or check such a proof.')
    .argument('[seq]', 'seq of the entry')
    .argument('[path]', 'the log')
    .option('--checkpoint <file>', 'prove against this checkpoint; else the one beside the log')
    .option('--entry <file>', 'file for the entry; with --check, the file that holds it')
    .option('--check <proof>', 'check a proof of the entry in --entry; needs no log')
    .option('--vkey <key>', 'with --check: the verifier key to trust; repeatable', gather)
    .addHelpText(
      'after',
      examples(
        'audit prove 12 audit.jsonl --entry entry.json > p.txt',
        'audit prove --check p.txt --entry entry.json --vkey k.vkey',
      ),
    )
    .action((seq: string | undefined, path: string | undefined, options: Options) => {
      if (options.check === undefined) prove(toSeq(seq), path, options, terminal);
      else check(options.check, options, terminal);
    });
}

/** An empty argument, of a variable that is not set, is not entry 0. */
function toSeq(written = ''): number {
  const seq = /^\d+$/.test(written) ? Number(written) : Number.NaN;
  if (Number.isSafeInteger(seq)) return seq;
  throw new CommandFailure('name the seq of an entry', UNREADABLE);
}

function prove(seq: number, path: string | undefined, options: Options, terminal: Terminal): void {
  const log = logOf(path, terminal);
  const { checkpoint: kept } = options;
  const beside = kept ?? checkpointOf(log.path);
  const note = kept === undefined ? besideOf(log) : contentOf(kept).toString();
  const { size, root } = parseNote(note);
  const leaves = readLeaves(disk, log, size, seq);
  const proof = inclusionProof(leaves, seq, size);
  if (rangeRoot(leaves, { from: 0, to: size }) !== fromBytes(root)) {
    throw new CommandFailure(`${log.path} is not what ${beside} was signed for`, TAMPERED);
  }
  const line = leaves.line(seq);
  if (options.entry && line) writeFileSync(options.entry, line, { mode: 0o600 });
  terminal.stdout.write(toProof(seq, proof, note));
}

function besideOf({ path }: LogFiles): string {
  const note = readNote(disk, path);
  if (note !== undefined) return note;
  const sentence = `there is no ${checkpointOf(path)} to prove against; name one that was kept by --checkpoint`;
  throw new CommandFailure(sentence, UNREADABLE);
}

function check(path: string, { entry, vkey }: Options, terminal: Terminal): void {
  if (!entry || !vkey) throw new CommandFailure('--check needs --entry and --vkey', UNREADABLE);
  const { seq, hashes, checkpoint } = parseProof(contentOf(path).toString());
  const text = contentOf(entry);
  const line = text.at(-1) === 10 ? text.subarray(0, -1) : text;
  const root = rootFromInclusion({ line, seq, size: checkpoint.size, proof: hashes });
  const unsigned = whyUnsigned(checkpoint, vkey.map(keyOf));
  if (unsigned !== '') throw new CommandFailure(printable(`the checkpoint ${unsigned}`), TAMPERED);
  if (root !== fromBytes(checkpoint.root)) {
    throw new CommandFailure(`${entry} is not entry ${seq} of ${checkpoint.origin}`, TAMPERED);
  }
  terminal.stdout.write(
    `${entry} is entry ${seq} of the ${checkpoint.size} of ${checkpoint.origin}\n`,
  );
}
