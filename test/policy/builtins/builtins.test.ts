import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NATIVE_BUILTINS } from '../../../scripts/native-builtins.ts';
import { BUILTINS } from '../../../src/policy/builtins/builtins.ts';
import { canonical, parseTerm, toJson } from '../../../src/policy/builtins/term.ts';
import { codePoint } from '../../helpers/code-point.ts';

/** The builtin on arguments in Rego's own notation; its result as JSON text. */
function call(name: string, ...args: string[]): string | undefined {
  const result = BUILTINS[name]?.(args.map(parseTerm), { nowNs: 1_795_437_296_789_000_000n });
  return result === undefined ? undefined : toJson(result);
}

const list = (length: number, item: number, last = item): string =>
  JSON.stringify([...Array(length - 1).fill(item), last]);

// What OPA 1.22.2 answers; the interop suite compares thousands more.
// biome-ignore format: a table reads best with a case a line.
const TABLE: readonly [string, readonly string[], string | undefined][] = [
  ['time.now_ns', [], '1795437296789000000'],
  ['time.parse_rfc3339_ns', ['"2026-11-23T12:34:56.789123456Z"'], '1795437296789123456'],
  ['time.parse_rfc3339_ns', ['"2026-11-23T12:34:56+01:00"'], '1795433696000000000'],
  ['time.parse_rfc3339_ns', ['"2026-02-30T00:00:00Z"'], undefined],
  ['time.parse_rfc3339_ns', ['"2026-11-23"'], undefined],
  ['time.parse_rfc3339_ns', ['"0001-01-01T00:00:00Z"'], undefined],
  ['time.parse_rfc3339_ns', ['"2026-11-23T1:34:56Z"'], '1795397696000000000'],
  ['time.parse_ns', ['"RFC1123"', '"Mon, 23 Nov 2026 12:34:56 CET"'], '1795437296000000000'],
  ['time.parse_ns', ['"2006-01-02 15:04"', '"2026-11-23 12:34"'], '1795437240000000000'],
  ['time.parse_ns', ['"Jan _2 3:04PM -0700 2006"', '"nov  3 1:04PM -0130 2026"'], '1793716440000000000'],
  ['time.parse_ns', ['"2006 002"', '"2024 366"'], '1735603200000000000'],
  ['time.parse_ns', ['"2006 002"', '"2026 366"'], undefined],
  ['time.parse_ns', ['"2006-01-02"', '"1600-01-01"'], undefined],
  ['time.parse_ns', ['"2006-01-02 15:04 -07:00:00"', '"2026-11-23 12:34 +24:00:00"'], '1795350840000000000'],
  ['time.parse_ns', ['"2006-01-02 15:04 -07:00:00"', '"2026-11-23 12:34 +25:00:00"'], undefined],
  ['time.parse_ns', ['"2006-01-02 15:04 -07:00:00"', '"2026-11-23 12:34 +00:60:00"'], '1795433640000000000'],
  ['time.parse_ns', ['"2006-01-02 15:04 -07:00:00"', '"2026-11-23 12:34 +00:61:00"'], undefined],
  ['time.parse_ns', ['"2006-01-02 15:04 -07:00:00"', '"2026-11-23 12:34 +00:00:60"'], '1795437180000000000'],
  ['time.parse_ns', ['"2006-01-02 15:04 -07:00:00"', '"2026-11-23 12:34 +00:00:61"'], undefined],
  ['time.parse_ns', ['"2006-01-02 15:04:05.000 MST"', '"2026-11-23 12:34:56.789 UTC"'], '1795437296789000000'],
  ['time.parse_ns', ['"2006-01-02 15:04:05.000 MST"', '"2026-11-23 12:34:56.78 UTC"'], undefined],
  ['time.parse_ns', ['"1/2/2006"', '"x1/2/2026"'], undefined],
  ['time.parse_ns', ['"2/1/2006"', '"x2/1/2026"'], undefined],
  ['time.parse_ns', ['"2006-01-02"', '"2026-13-01"'], undefined],
  ['time.parse_ns', ['"2006-01-02 15h"', '"2026-11-23 24h"'], undefined],
  ['time.parse_ns', ['"2006-01-02 3PM"', '"2026-11-01 13PM"'], undefined],
  ['time.parse_ns', ['"Kitchen"', '"1:04PM"'], undefined],
  ['time.format', ['1795437296789123456'], '"2026-11-23T12:34:56.789123456Z"'],
  ['time.format', ['[1795437296000000000, "Asia/Kolkata"]'], '"2026-11-23T18:04:56+05:30"'],
  ['time.format', ['[1795437296000000000, "Europe/Berlin", "UnixDate"]'], '"Mon Nov 23 13:34:56 CET 2026"'],
  ['time.format', ['[1720000000000000000, "America/Nuuk", "15:04 MST"]'], '"08:46 -01"'],
  ['time.format', ['[1795437296789123456, "Europe/Berlin", "ANSIC"]'], '"Mon Nov 23 13:34:56 2026"'],
  ['time.format', ['[1795437296789123456, "Europe/Berlin", "RubyDate"]'], '"Mon Nov 23 13:34:56 +0100 2026"'],
  ['time.format', ['[1795437296789123456, "Europe/Berlin", "RFC822"]'], '"23 Nov 26 13:34 CET"'],
  ['time.format', ['[1795437296789123456, "Europe/Berlin", "RFC822Z"]'], '"23 Nov 26 13:34 +0100"'],
  ['time.format', ['[1795437296789123456, "Europe/Berlin", "RFC850"]'], '"Monday, 23-Nov-26 13:34:56 CET"'],
  ['time.format', ['[1795437296789123456, "Europe/Berlin", "RFC1123"]'], '"Mon, 23 Nov 2026 13:34:56 CET"'],
  ['time.format', ['[1795437296789123456, "Europe/Berlin", "RFC1123Z"]'], '"Mon, 23 Nov 2026 13:34:56 +0100"'],
  ['time.format', ['[1795437296789123456, "Europe/Berlin", "RFC3339"]'], '"2026-11-23T13:34:56+01:00"'],
  ['time.format', ['[1795437296789123456, "Europe/Berlin", "RFC3339Nano"]'], '"2026-11-23T13:34:56.789123456+01:00"'],
  ['time.format', ['[-1, "UTC", "Jan _2 (002) 3:04PM, 06 .000"]'], '"Dec 31 (365) 11:59PM, 69 .999"'],
  ['time.format', ['[1, "UTC", 2006]'], undefined],
  ['time.parse_duration_ns', ['"1h30m"'], '5400000000000'],
  ['time.parse_duration_ns', ['"-1.5s"'], '-1500000000'],
  ['time.parse_duration_ns', ['"2d"'], '172800000000000'],
  ['time.parse_duration_ns', ['"0.00001d"'], '864000000'],
  ['time.parse_duration_ns', ['"1"'], undefined],
  ['time.parse_duration_ns', ['"300y"'], undefined],
  ['time.date', ['1795437296789123456'], '[2026,11,23]'],
  ['time.date', ['[1795437296789123456, "Asia/Tokyo"]'], '[2026,11,23]'],
  ['time.date', ['-1'], '[1969,12,31]'],
  ['time.clock', ['1795437296999999999'], '[12,34,56]'],
  ['time.clock', ['[1795437296789123456, "Europe/Berlin"]'], '[13,34,56]'],
  ['time.clock', ['[1795437296789123456, "europe/berlin"]'], undefined],
  ['time.clock', ['[1795437296789123456, "Nowhere/Land"]'], undefined],
  ['time.clock', ['1.5'], undefined],
  ['time.weekday', ['1795437296789123456'], '"Monday"'],
  ['time.add_date', ['1795437296789123456', '0', '1', '-3'], '1797770096789123456'],
  ['time.diff', ['1795437296789123456', '0'], '[56,10,22,12,34,56]'],
  ['time.diff', ['1769903999000000000', '1772323200000000000'], '[0,1,0,0,0,1]'],
  ['crypto.sha256', ['"foo"'], '"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"'],
  ['hex.encode', ['"é"'], '"c3a9"'],
  ['hex.decode', ['"C3a9"'], '"é"'],
  ['hex.decode', ['"c3a"'], undefined],
  ['strings.any_prefix_match', ['"foobar"', '["x", "foo"]'], 'true'],
  ['strings.any_prefix_match', ['{"a", "b"}', '{"c"}'], 'false'],
  ['strings.any_prefix_match', ['["z", "a", "foobar"]', '["foo"]'], 'true'],
  ['strings.any_prefix_match', ['["a", "b", "c", "zoo"]', '["y", "z"]'], 'true'],
  ['strings.any_prefix_match', ['["a", "b", "c", "zoo"]', '["aa", "zz"]'], 'false'],
  ['strings.any_prefix_match', ['[]', '[""]'], 'false'],
  ['strings.any_prefix_match', ['["a", 1]', '"a"'], undefined],
  ['strings.any_suffix_match', ['["foobar"]', '"bar"'], 'true'],
  ['object.subset', ['{"a": {"b": 1, "c": 2}}', '{"a": {"b": 1}}'], 'true'],
  ['object.subset', ['{"a": {1, 2}}', '{"a": {1}}'], 'true'],
  ['object.subset', ['{1, 2}', 'set()'], 'true'],
  ['object.subset', ['[1, 2, 3]', '[2, 3]'], 'true'],
  ['object.subset', ['[1, 2, 3]', '[1, 3]'], 'false'],
  ['object.subset', ['[1, 1, 2, 1, 1, 2, 3]', '[1, 1, 2, 3]'], 'true'],
  ['object.subset', ['[1, 2]', '[]'], 'true'],
  ['object.subset', ['{"a": [1, 2], "b": 1}', '{"a": [2], "b": 1.0}'], 'true'],
  ['object.subset', ['{"a": [1, 2]}', '{"a": {1}}'], 'false'],
  ['object.subset', ['[1, 2]', '{2}'], 'true'],
  ['object.subset', ['{1, 2}', '[1]'], undefined],
];

describe('a builtin', () => {
  it.each(TABLE)('%s(%s) is what OPA answers', (name, args, result) => {
    expect(call(name, ...args)).toBe(result);
  });

  it('searches a long list in time bounded by the size of its arguments', {
    timeout: 5000,
  }, () => {
    expect(call('object.subset', list(200_000, 1), list(100_000, 1, 2))).toBe('false');
  });

  it('is in the capabilities for building policies, which list no others', () => {
    const { builtins } = JSON.parse(readFileSync('policies/capabilities.json', 'utf8'));
    const names = builtins.map(({ name }: { name: string }) => name);
    expect(names.sort()).toEqual([...NATIVE_BUILTINS, ...Object.keys(BUILTINS)].sort());
    expect(names).not.toContain('sprintf');
    expect(names).not.toContain('http.send');
  });
});

describe('a term', () => {
  it('that is large has a short canonical text, as each enclosing term repeats it', () => {
    const text = `{[{["${'x'.repeat(1000)}"]}]}`;
    expect(canonical(parseTerm(text)).length).toBeLessThan(300);
    expect(canonical(parseTerm(text))).not.toBe(canonical(parseTerm(text.replace('x', 'y'))));
  });

  it('of JSON survives parsing and printing', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(fc.string({ unit: codePoint }), fc.integer(), fc.boolean(), fc.constant(null)),
        ),
        (items) => {
          const wellFormed = items.map((item) =>
            typeof item === 'string' ? item.toWellFormed() : item,
          );
          const text = JSON.stringify(wellFormed);
          expect(toJson(parseTerm(text))).toBe(text);
        },
      ),
    );
  });

  it.each(['[1', '{"a":1', '1 2', 'nope', '{1 2', ''])('%s is refused', (text) => {
    expect(() => parseTerm(text)).toThrow();
  });
});
