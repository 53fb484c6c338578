import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openLab, ROOT } from './lab.ts';
import { compare, type Plan } from './measure.ts';
import { measureParts } from './parts.ts';
import { toSvg } from './plot.ts';
import { type Results, serverTable, targetTable, toResults, toText } from './report.ts';
import { ROWS } from './rows.ts';
import { markdownTable } from './table.ts';
import { targetsOf } from './targets.ts';

const USAGE = `Usage: npm run bench -- [options]

  --short        two rounds of a second each, for CI
  --only IDS     these servers alone: ${ROWS.map(({ id }) => id).join(',')}
  --rounds N     rounds that all servers take turns in (5)
  --seconds N    seconds of load a turn (3)
  --no-parts     leave out what is measured of single parts
  --json         print the results as JSON
  --save         write bench/results.json, and table and plot into docs/performance.md
`;

const LONG: Plan = {
  rounds: 5,
  warmUpCalls: 30_000,
  warmUpSeconds: 20,
  seconds: 3,
  inFlight: 64,
  rate: 500,
};
const SHORT: Plan = {
  rounds: 2,
  warmUpCalls: 5_000,
  warmUpSeconds: 2,
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

/** Puts the figures of a run where readers find them. */
function save(results: Results): void {
  mkdirSync(join(ROOT, 'docs/images'), { recursive: true });
  writeFileSync(join(ROOT, 'bench/results.json'), `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(join(ROOT, 'docs/images/performance.svg'), toSvg(results));
  const page = join(ROOT, 'docs/performance.md');
  const [before = ''] = readFileSync(page, 'utf8').split(BEGIN);
  const after = readFileSync(page, 'utf8').split(END)[1] ?? '';
  writeFileSync(page, `${before}${BEGIN}\n\n${measured(results)}\n\n${END}${after}`);
}

const BEGIN = '<!-- measured: written by npm run bench -- --save -->';
const END = '<!-- /measured -->';

function measured(results: Results): string {
  const { machine, plan, date, skipped } = results;
  const facts = Object.entries(machine).map(([name, value]) => `${name} ${value}`);
  return [
    `${date.slice(0, 10)}; ${facts.join(', ')}; ${plan.rounds} rounds of ${plan.seconds} s, ${plan.inFlight} calls in flight.`,
    '![CPU per call of every server](images/performance.svg)',
    markdownTable(serverTable(results.rows)),
    markdownTable(targetTable(results.targets)),
    ...skipped.map(({ title, why }) => `Skipped: ${title}: ${why}`),
  ].join('\n\n');
}
