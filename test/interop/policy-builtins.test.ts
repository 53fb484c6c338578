import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { readBundle } from '../../src/policy/bundle/bundle.ts';
import { createEngine } from '../../src/policy/engine/engine.ts';
import { loadProgram } from '../../src/policy/engine/program.ts';
import { compileFolder } from '../../src/policy/sources/compile.ts';
import { describeWith, TOOLS_PATH } from './helpers/tools.ts';

const SEED = Number(process.env['SEED'] ?? 20_261_123);
const RUNS = 2_000;

/** Each builtin on parts of an input that is not a call; values are JSON text, absent if undefined. */
const POLICY = `# METADATA
# scope: package
# schemas:
#   - input: {}
package kms.reencrypt

decision := {
	"time.parse_rfc3339_ns": [json.marshal(v) | v := time.parse_rfc3339_ns(input.rfc3339)],
	"time.parse_ns": [json.marshal(v) | some text in array.concat([input.written, input.rfc3339], formatted); some layout in layouts; v := time.parse_ns(layout, text)],
	"time.format": formatted,
	"time.parse_duration_ns": [json.marshal(v) | v := time.parse_duration_ns(input.duration)],
	"time.date": [json.marshal(v) | some m in moments; v := time.date(m)],
	"time.clock": [json.marshal(v) | some m in moments; v := time.clock(m)],
	"time.weekday": [json.marshal(v) | some m in moments; v := time.weekday(m)],
	"time.add_date": [json.marshal(v) | some m in moments; v := time.add_date(m, input.years, input.months, input.days)],
	"time.diff": [json.marshal(v) | some m in moments; v := time.diff(m, input.other)],
	"crypto.sha256": [json.marshal(v) | v := crypto.sha256(input.text)],
	"hex.encode": [json.marshal(v) | v := hex.encode(input.text)],
	"hex.decode": [v | v := hex.decode(input.hex)],
	"strings.any_prefix_match": [json.marshal(v) | some a in texts; some b in affixes; v := strings.any_prefix_match(a, b)],
	"strings.any_suffix_match": [json.marshal(v) | some a in texts; some b in affixes; v := strings.any_suffix_match(a, b)],
	"object.subset": [json.marshal(v) | some a in [input.super, set_of(input.super)]; some b in [input.sub, set_of(input.sub)]; v := object.subset(a, b)],
	"object.subset of objects": [json.marshal(v) | v := object.subset({"k": input.super, "s": set_of(input.super)}, {"k": input.sub})],
}

moments := [input.ns, [input.ns], [input.ns, input.zone]]

layouts := [input.layout, input.named]

formatted := [v | some m in array.concat(moments, [[input.ns, input.zone, layout] | some layout in layouts]); v := time.format(m)]

texts := [input.text, input.texts, set_of(input.texts)]

affixes := [input.affix, input.affixes, set_of(input.affixes)]

set_of(list) := {item | some item in list}
`;

const pad = (value: number, digits = 2) => String(value).padStart(digits, '0');
const field = (most: number) =>
  fc.oneof({ weight: 20, arbitrary: fc.nat(most) }, { weight: 1, arbitrary: fc.nat(99) });
const rfc3339 = fc
  .tuple(
    fc.integer({ min: 1500, max: 2400 }),
    field(12),
    field(31),
    fc.oneof(
      { weight: 9, arbitrary: field(23).map((hour) => pad(hour)) },
      { weight: 1, arbitrary: fc.nat(9).map(String) },
    ),
    field(59),
    field(59),
    fc.constantFrom('', '.5', '.123456789', '.1234567891'),
    fc.constantFrom('Z', '+01:00', '-11:30', '+24:00', 'z', ''),
  )
  .map(
    ([y, mo, d, h, mi, s, fraction, zone]) =>
      `${pad(y, 4)}-${pad(mo)}-${pad(d)}T${h}:${pad(mi)}:${pad(s)}${fraction}${zone}`,
  );
/** Elements of Go's time layouts, lookalikes, and what may stand in their place. */
// biome-ignore format: a table reads best with a case a line.
const ELEMENTS: readonly [string, string][] = [
  ['2006 _2006 __2006', '2026 0004 2024 26 _2026 -026 20261'],
  ['06', '26 69 68 -5 +5 x5'],
  ['January Jan Month Janu', 'January mAy MAY december dec Feb Jän Month Janu'],
  ['1 01', '1 02 12 13 0 00 1x'],
  ['Monday Mon', 'Monday MON sun Xyz'],
  ['2 _2 02', '1 29 30 31 32 _1'],
  ['__2 002', '1 60 060 366 365 000 59'],
  ['15 3 03', '0 7 12 13 23 24 011'],
  ['4 04 5 05', '0 07 59 60 5.5 05,123456789123 7.x'],
  ['PM pm', 'PM AM pm am Pm'],
  ['MST', 'UTC CET CEST WITA WITB ABCDT ABCDEF ChST MeST GMT GMT+3 GMT-24 GMT+00023 +03 -24 +3 +0003 UTCX'],
  ['Z07 Z0700 Z07:00 Z070000 Z07:00:00', 'Z +01 -0130 +01:00 +24:00 +25:00 -00:00:01 +010203 +60:61'],
  ['-07 -0700 -07:00 -070000 -07:00:00', 'Z +01 -0130 +01:00 +24:61 +24:60 -00:00:01 +010203 -000001'],
  ['.0 ,000 .000000000000 .0005', '.5 ,5 .123 .+12 .-12 .1234567891é .0005'],
  ['.9 ,999999999 .99', '.5 ,123456789123 x'],
];
const layoutAndText = fc
  .array(
    fc
      .tuple(
        fc.constantFrom(...ELEMENTS),
        fc.nat(),
        fc.nat(),
        fc.constantFrom('', '', ' ', '  ', '-', '/', ':', 'T', 'é', '0', '_'),
        fc.constantFrom<(text: string) => string>(
          (text) => text,
          (text) => text,
          () => '',
          (text) => `${text} `,
        ),
      )
      .map(([[elements, values], one, other, after, change]) => {
        const pick = (list: string, n: number) => list.split(' ')[n % list.split(' ').length] ?? '';
        return [pick(elements, one) + after, pick(values, other).replace('_', ' ') + change(after)];
      }),
    { maxLength: 6 },
  )
  .map((parts) => ({
    layout: parts.map(([layout]) => layout).join(''),
    written: parts.map(([, text]) => text).join(''),
  }));
const NAMED =
  'ANSIC UnixDate RubyDate RFC822 RFC822Z RFC850 RFC1123 RFC1123Z RFC3339 RFC3339Nano Kitchen'.split(
    ' ',
  );
const duration = fc
  .tuple(
    fc.constantFrom('', '-', '+'),
    fc.array(
      fc.tuple(
        fc.constantFrom('1', '0', '23', '1.5', '.5', '2.', '.', '100', '0.000001', '99999'),
        fc.constantFrom('ns', 'us', 'µs', 'ms', 's', 'm', 'h', 'd', 'w', 'y', 'x', ''),
      ),
      { maxLength: 3 },
    ),
  )
  .map(([sign, parts]) => sign + parts.map((part) => part.join('')).join(''));
const word = fc.oneof(
  fc.stringMatching(/^[abé😀]{0,3}$/u),
  fc.string({ unit: 'grapheme', maxLength: 3 }),
);
const item = fc.oneof(fc.nat(3), fc.constantFrom<unknown>('a', 1.5, null, true, [1], { b: 1 }));
const fields = fc.record({
  rfc3339,
  duration,
  named: fc.constantFrom('', ...NAMED),
  ns: fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.bigInt({ min: 0n, max: 2_000_000_000_000_000_000n }),
  ),
  zone: fc.constantFrom(
    '',
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'Asia/Kolkata',
    'Australia/Lord_Howe',
    'Europe/London',
    'America/Nuuk',
    'America/Indiana/Winamac',
    'America/Sao_Paulo',
    'Asia/Kathmandu',
    'Etc/GMT+5',
    'Nowhere',
    'europe/berlin',
    '+01:00',
  ),
  other: fc.bigInt({ min: 0n, max: 2_000_000_000_000_000_000n }),
  years: fc.integer({ min: -40, max: 40 }),
  months: fc.integer({ min: -40, max: 40 }),
  days: fc.integer({ min: -400, max: 400 }),
  text: word,
  texts: fc.array(word, { maxLength: 3 }),
  affix: word,
  affixes: fc.array(
    fc.oneof({ weight: 9, arbitrary: word }, { weight: 1, arbitrary: fc.constant<unknown>(1) }),
    { maxLength: 3 },
  ),
  hex: fc.oneof(
    fc.stringMatching(/^[0-7][0-9a-fA-F]$/),
    fc.stringMatching(/^(g[0-9]|[0-9a-f]|[0-7][0-9a-f]{2})?$/),
  ),
  super: fc.array(item, { maxLength: 4 }),
  sub: fc.array(item, { maxLength: 2 }),
});
const INPUT = fc.tuple(fields, layoutAndText).map(([one, other]) => ({ ...one, ...other }));

const write = (value: unknown) =>
  JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'bigint' ? `#${part}#` : part,
  ).replaceAll(/"#(-?\d+)#"/g, '$1');

describeWith(['opa'], 'every builtin that the proxy supplies', () => {
  beforeAll(() => void vi.stubEnv('PATH', TOOLS_PATH));
  afterAll(() => void vi.unstubAllEnvs());

  it(`answers what opa answers on ${RUNS} generated inputs (seed ${SEED})`, {
    timeout: 60_000,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'policy-builtins-'));
    writeFileSync(join(folder, 'p.rego'), POLICY);
    const inputs = fc.sample(INPUT, { numRuns: RUNS, seed: SEED }).map(write);
    writeFileSync(join(folder, 'inputs.json'), `{"inputs": [${inputs.join(',\n')}]}`);
    const query = '[d | some i in data.inputs; d := data.kms.reencrypt.decision with input as i]';
    const args = [
      'eval',
      '--format',
      'raw',
      '--data',
      join(folder, 'p.rego'),
      '--data',
      join(folder, 'inputs.json'),
      query,
    ];
    const native: Record<string, string[]>[] = JSON.parse(
      execFileSync('opa', args, { encoding: 'utf8', maxBuffer: 1 << 28 }),
    );

    const { wasm, data } = readBundle(await compileFolder({ folder }));
    const limits = { fuel: 50_000_000, memoryBytes: 1 << 24 };
    const engine = createEngine({
      program: loadProgram({ wasm, data }),
      limits,
    });
    const defined = new Set<string>();
    for (const [i, input] of inputs.entries()) {
      const [{ result }] = JSON.parse(
        engine.evaluate({ entrypoint: 0, input, context: { nowNs: 0n } }),
      );
      expect(result, input).toEqual(native[i]);
      for (const [name, values] of Object.entries(native[i] ?? {}))
        if (values.length > 0) defined.add(name);
    }
    expect(native).toHaveLength(RUNS);
    expect(defined.size).toBe(16);
  });
});
