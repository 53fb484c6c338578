import type { ItemDefaults } from '../../bulk/item.ts';
import { runJob, type Tally } from '../../bulk/job.ts';
import { createPace, itemsAtOnce } from '../../bulk/pace.ts';
import { openResults } from '../../bulk/results.ts';
import { createSend } from '../../bulk/send.ts';
import { lastError } from '../../client/last-error.ts';
import type { RefusedError } from '../../client/refused-error.ts';
import { CommandFailure, EXIT, type Terminal } from '../command.ts';
import { printable } from '../printable.ts';
import { createProgress, type Progress } from '../progress.ts';
import { openClient, type ProxyOptions } from '../proxy-options.ts';
import { bytesOf, readItems } from './items.ts';
import { soFar } from './outcome.ts';

export interface BulkOptions extends ProxyOptions, ItemDefaults {
  readonly perSecond: number;
  readonly retryFor: number;
}

const NO_FILE = 'results must be a file, because a job that is run again goes on behind them';

interface Paths {
  readonly items: string;
  readonly results: string;
}

interface BulkWork extends BulkOptions {
  readonly tally: Tally;
}

export async function performBulk(
  paths: Paths,
  options: BulkWork,
  terminal: Terminal,
): Promise<void> {
  if (paths.results === '-') throw new CommandFailure(NO_FILE, EXIT.usage);
  const progress = createProgress(terminal, bytesOf(paths.items, terminal));
  const client = await openClient(options);
  try {
    const results = await openResults(paths.results);
    let done = 0;
    const heldUp = createHeldUp(terminal, progress);
    await runJob({
      items: readItems(paths.items, options, terminal),
      results,
      send: createSend({
        client,
        patienceMs: options.retryFor * 1000,
        pace: createPace(options.perSecond),
        onHeldUp: heldUp.tell,
      }),
      atOnce: itemsAtOnce(options.perSecond),
      tally: options.tally,
      onDone({ bytes }) {
        heldUp.over();
        done += bytes + 1;
        progress.show(done, soFar(options.tally));
      },
    }).finally(() => {
      progress.clear();
      return results.close();
    });
  } finally {
    client.close();
  }
}

/** Says why there is no progress, once for all batches under way. */
function createHeldUp({ stderr }: Terminal, progress: Progress) {
  let told = '';
  return {
    tell({ message, facts }: RefusedError) {
      const why = printable(lastError(message));
      if (why === told) return;
      told = why;
      progress.clear();
      stderr.write(`held up, and trying again: ${why} (${facts.code})\n`);
    },
    over() {
      told = '';
    },
  };
}
