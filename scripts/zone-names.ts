/**
 * Writes what time zones call themselves (`CET`, `CEST`) from the tz database that Go brings along;
 * Intl knows each zone's offset and not its abbreviation. Run it after a release of the tz database.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

const FILE = 'src/policy/builtins/gen/zone-names.ts';
const goRoot = execFileSync('go', ['env', 'GOROOT'], { encoding: 'utf8' }).trim();
const folder = mkdtempSync(join(tmpdir(), 'zones-'));
execFileSync('unzip', ['-q', join(goRoot, 'lib/time/zoneinfo.zip'), '-d', folder]);

/** `offset in seconds`, its first name, then `from when in seconds` and the next, per offset. */
function namesOf(tzif: Buffer): string {
  const start = blockEnd(tzif, 0, 4);
  const [, , , transitions, types, characters] = counts(tzif, start);
  const times = start + 44;
  const indices = times + transitions * 8;
  const records = indices + transitions;
  const texts = records + types * 6;
  const names = tzif.toString('latin1', texts, texts + characters);
  const found = new Map<number, string[]>();
  const addType = (index: number, from?: bigint) => {
    const name = names.slice(tzif.readUInt8(records + index * 6 + 5)).split('\0')[0] ?? '';
    add(name, tzif.readInt32BE(records + index * 6), from);
  };
  const add = (name: string, offset: number, from?: bigint) => {
    const known = found.get(offset) ?? [];
    if (known.at(-1) !== name) known.push(...(known.length === 0 ? [] : [String(from)]), name);
    found.set(offset, known);
  };
  addType(0);
  let last: bigint | undefined;
  for (let i = 0; i < transitions; i += 1) {
    last = tzif.readBigInt64BE(times + i * 8);
    addType(tzif.readUInt8(indices + i), last);
  }
  for (const [name, offset] of lastingNames(tzif.toString('latin1').split('\n').at(-2) ?? '')) {
    add(name, offset, last);
  }
  return [...found].map(([offset, list]) => [offset, ...list].join(' ')).join('|');
}

/** Of `CET-1CEST,…`, which holds after the last transition: each name with its offset. */
function lastingNames(rule: string): [string, number][] {
  const NAMES = /^(<[^>]+>|[A-Za-z]+)([-+]?[\d:]+)(?:(<[^>]+>|[A-Za-z]+)([-+]?[\d:]+)?)?/;
  const [, standard, offset = '0', summer, summerOffset] = NAMES.exec(rule) ?? [];
  if (standard === undefined) return [];
  const plain = (name: string) => name.replace(/[<>]/g, '');
  const own: [string, number] = [plain(standard), aheadOfUtc(offset)];
  if (summer === undefined) return [own];
  const ahead = summerOffset === undefined ? own[1] + 3_600 : aheadOfUtc(summerOffset);
  return [own, [plain(summer), ahead]];
}

/** POSIX counts west of Greenwich. */
function aheadOfUtc(text: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = text.replace(/^[-+]/, '').split(':').map(Number);
  const size = (hours * 60 + minutes) * 60 + seconds;
  return text.startsWith('-') ? size : -size;
}

/** Of RFC 9636: isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt. */
function counts(tzif: Buffer, start: number) {
  return [0, 1, 2, 3, 4, 5].map((i) => tzif.readUInt32BE(start + 20 + i * 4)) as Six;
}
type Six = [number, number, number, number, number, number];

function blockEnd(tzif: Buffer, start: number, timeBytes: number): number {
  const [isUtc, isStd, leaps, transitions, types, characters] = counts(tzif, start);
  const timed = transitions * (timeBytes + 1) + types * 6 + characters;
  return start + 44 + timed + leaps * (timeBytes + 4) + isStd + isUtc;
}

const zones = new Map<string, string[]>();
for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
  const path = join(folder, name);
  if (statSync(path).isDirectory()) continue;
  const names = namesOf(readFileSync(path));
  zones.set(names, [...(zones.get(names) ?? []), relative(folder, path)]);
}
rmSync(folder, { recursive: true });
const lines = [...zones].map(([names, ids]) => `${ids.join(' ')}=${names}`);
writeFileSync(
  FILE,
  `/** Written by scripts/zone-names.ts: zones=offset name (from name)*|… */\nexport const ZONE_NAMES = \`\n${lines.join('\n')}\n\`;\n`,
);
