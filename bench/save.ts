import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './lab.ts';
import { toSvg } from './plot.ts';
import { floors, type Results, serverTable, targetTable } from './report.ts';
import { markdownTable } from './table.ts';

const BEGIN = '<!-- measured: written by npm run bench -- --save -->';
const END = '<!-- /measured -->';

/** Puts the figures of a run where readers find them. */
export function save(results: Results): void {
  mkdirSync(join(ROOT, 'docs/images'), { recursive: true });
  writeFileSync(join(ROOT, 'bench/results.json'), `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(join(ROOT, 'docs/images/performance.svg'), toSvg(results));
  const page = join(ROOT, 'docs/performance.md');
  const [before = ''] = readFileSync(page, 'utf8').split(BEGIN);
  const after = readFileSync(page, 'utf8').split(END)[1] ?? '';
  writeFileSync(page, `${before}${BEGIN}\n\n${measured(results)}\n\n${END}${after}`);
}

function measured(results: Results): string {
  const { machine, plan, date, skipped } = results;
  const facts = Object.entries(machine).map(([name, value]) => `${name} ${value}`);
  return [
    `${date.slice(0, 10)}; ${facts.join(', ')}; ${plan.rounds} rounds of ${plan.seconds} s, ${plan.inFlight} calls in flight.`,
    '![CPU per call of every server](images/performance.svg)',
    markdownTable(serverTable(results.rows)),
    floors(results),
    markdownTable(targetTable(results.targets)),
    ...skipped.map(({ title, why }) => `Skipped: ${title}: ${why}`),
  ].join('\n\n');
}
