/** Nanoseconds of each unit of Go's durations, and OPA's own d, w and y. */
const UNIT_NS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['μs', 1_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);
const EXTENDED_HOURS: ReadonlyMap<string, number> = new Map([
  ['d', 24],
  ['w', 7 * 24],
  ['y', 365 * 24],
]);

const SEGMENT = /^(\d*)(?:\.(\d*))?([^\d.]+)/;
const MOST_NS = 2n ** 63n;
const MOST_DIGITS = 400;

/** `1h30m`, `-2d`, `1.5s` → nanoseconds; undefined where it is not a duration or does not fit. */
export function parseDurationNs(text: string): bigint | undefined {
  const negative = text.startsWith('-');
  let rest = /^[+-]/.test(text) ? text.slice(1) : text;
  if (rest === '0') return 0n;
  if (rest === '' || rest.length > MOST_DIGITS) return undefined;
  let total = 0n;
  while (rest !== '') {
    const found = SEGMENT.exec(rest);
    const [whole = '', digits = '', fraction = '', unit = ''] = found ?? [];
    const ns = digits === '' && fraction === '' ? undefined : segmentNs(digits, fraction, unit);
    if (ns === undefined) return undefined;
    total += ns;
    rest = rest.slice(whole.length);
  }
  const limit = negative ? MOST_NS : MOST_NS - 1n;
  if (total > limit) return undefined;
  return negative ? -total : total;
}

function segmentNs(digits: string, fraction: string, unit: string): bigint | undefined {
  const hours = EXTENDED_HOURS.get(unit);
  if (hours !== undefined) return extendedNs(`${digits}.${fraction}`, hours);
  const scale = UNIT_NS.get(unit);
  if (scale === undefined) return undefined;
  return BigInt(digits || '0') * scale + fractionNs(fraction, scale);
}

/** Go reads a fraction as an integer over a power of ten, and truncates the product. */
function fractionNs(fraction: string, scale: bigint): bigint {
  if (fraction === '') return 0n;
  return BigInt(Math.trunc(Number(fraction) * (Number(scale) / 10 ** fraction.length)));
}

/** OPA rewrites days, weeks and years as hours, in the fewest digits of a double, and lets Go parse those. */
function extendedNs(number: string, hours: number): bigint | undefined {
  const [mantissa = '', exponent = '0'] = (Number(number) * hours).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const point = Number(exponent) + 1;
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  const fraction = point > 0 ? digits.slice(point) : digits.padStart(digits.length - point, '0');
  return segmentNs(whole, fraction, 'h');
}
