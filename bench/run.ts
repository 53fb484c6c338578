import { parseArgs } from 'node:util';
import { openLab } from './lab.ts';
import { compare, type Plan } from './measure.ts';
import { measureParts } from './parts.ts';
import { toResults, toText } from './report.ts';
import { ROWS } from './rows.ts';
import { save } from './save.ts';
import { targetsOf } from './targets.ts';

const USAGE = `Usage: npm run bench -- [options]

  --short        three rounds of a second each, for CI
  --only IDS     these servers alone: ${ROWS.map(({ id }) => id).join(',')}
  --rounds N     rounds that all servers take turns in (12)
  --seconds N    seconds of load a turn (1)
  --no-parts     leave out what is measured of single parts
  --json         print the results as JSON
  --save         write bench/results.json, and table and plot into docs/performance.md
`;

/** Many short rounds, so all rows meet the same machine: its speed may change by half in seconds. */
const LONG: Plan = {
  rounds: 12,
  warmUpCalls: 30_000,
  warmUpSeconds: 20,
  seconds: 1,
  inFlight: 64,
  rate: 500,
};
/** Warm enough for V8: the Go peers need no compiler, and would look better than they are. */
const SHORT: Plan = {
  rounds: 3,
  warmUpCalls: 20_000,
  warmUpSeconds: 8,
  seconds: 1,
  inFlight: 64,
  rate: 500,
};

const { values: flags } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    'no-parts': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (flags.help) process.stdout.write(USAGE);
else await bench();

async function bench(): Promise<void> {
  const base = flags.short ? SHORT : LONG;
  const plan = {
    ...base,
    ...(flags.rounds && { rounds: Number(flags.rounds) }),
    ...(flags.seconds && { seconds: Number(flags.seconds) }),
  };
  const only = flags.only?.split(',');
  const lab = await openLab();
  try {
    const rows = ROWS.filter(({ id }) => only === undefined || only.includes(id));
    const compared = await compare(lab, rows, plan);
    const parts = flags['no-parts'] ? { targets: [], skipped: [] } : await measureParts(lab);
    const targets = [...targetsOf(compared), ...parts.targets];
    const results = toResults(plan, compared, { targets, skipped: parts.skipped });
    process.stdout.write(flags.json ? `${JSON.stringify(results, null, 2)}\n` : toText(results));
    if (flags.save) save(results);
  } finally {
    await lab.close();
  }
}
