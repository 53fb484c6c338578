import type { Command } from 'commander';
import { whyUnsigned } from '../../audit/log/note.ts';
import { fromBytes, toBytes } from '../../audit/log/tree.ts';
import { readLeaves } from '../../audit/verify/leaves.ts';
import { consistencyProof, rangeRoot } from '../../audit/verify/proof.ts';
import { keysNamedBy } from '../../audit/verify/verify.ts';
import { CommandFailure, type Terminal } from '../command.ts';
import { examples } from '../examples.ts';
import { gather } from '../gather.ts';
import { printable } from '../printable.ts';
import { checkpointIn, keyOf } from './arguments.ts';
import { disk } from './disk.ts';
import { TAMPERED, UNREADABLE } from './exit-codes.ts';
import { logOf } from './named-logs.ts';

interface Options {
  readonly log?: string;
  readonly vkey?: readonly string[];
}

export function defineConsistency(command: Command, terminal: Terminal): void {
  command
    .command('consistency')
    .description('Prove that one checkpoint’s log is the beginning of another’s (RFC 6962 2.1.2).')
    .argument('<older>', 'checkpoint file')
    .argument('<newer>', 'checkpoint file')
    .option('--log <path>', 'the log; else KRP_AUDIT__FILE')
    .option('--vkey <key>', 'verifier key to trust, or a file with one; repeatable', gather)
    .addHelpText('after', examples('audit consistency older.note newer.note --log audit.jsonl'))
    .action((olderPath: string, newerPath: string, options: Options) => {
      const [older, newer] = [checkpointIn(olderPath), checkpointIn(newerPath)];
      if (older.size > newer.size) {
        const sizes = `${olderPath} covers ${older.size} entries and ${newerPath} ${newer.size}`;
        throw new CommandFailure(`name the older checkpoint first: ${sizes}`, UNREADABLE);
      }
      const log = logOf(options.log, terminal);
      const keys = options.vkey?.map(keyOf) ?? keysNamedBy(log);
      const leaves = readLeaves(disk, log, newer.size);
      for (const [path, checkpoint] of [[olderPath, older] as const, [newerPath, newer] as const]) {
        const unsigned = whyUnsigned(checkpoint, keys);
        if (unsigned !== '') throw new CommandFailure(printable(`${path} ${unsigned}`), TAMPERED);
        const root = rangeRoot(leaves, { from: 0, to: checkpoint.size });
        if (root !== fromBytes(checkpoint.root)) {
          throw new CommandFailure(`${path}: the log has another root at this size`, TAMPERED);
        }
      }
      const proof = consistencyProof(leaves, older.size, newer.size);
      const lines = proof.map((hash) => `${toBytes(hash).toString('base64')}\n`).join('');
      terminal.stdout.write(`${older.size} ${newer.size}\n${lines}`);
    });
}
