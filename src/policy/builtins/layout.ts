/**
 * Go's time layouts: https://pkg.go.dev/time#pkg-constants. Layouts and values are latin1 strings,
 * one byte per character, because Go counts bytes.
 */
interface LayoutPart {
  /** The literal text before the element. */
  readonly literal: string;
  /** Such as `2006` or `.000`; '' at the end of the layout. */
  readonly element: string;
}

/** The layouts that OPA has names for. */
export const NAMED_LAYOUTS: ReadonlyMap<string, string> = new Map([
  ['ANSIC', 'Mon Jan _2 15:04:05 2006'],
  ['UnixDate', 'Mon Jan _2 15:04:05 MST 2006'],
  ['RubyDate', 'Mon Jan 02 15:04:05 -0700 2006'],
  ['RFC822', '02 Jan 06 15:04 MST'],
  ['RFC822Z', '02 Jan 06 15:04 -0700'],
  ['RFC850', 'Monday, 02-Jan-06 15:04:05 MST'],
  ['RFC1123', 'Mon, 02 Jan 2006 15:04:05 MST'],
  ['RFC1123Z', 'Mon, 02 Jan 2006 15:04:05 -0700'],
  ['RFC3339', '2006-01-02T15:04:05Z07:00'],
  ['RFC3339Nano', '2006-01-02T15:04:05.999999999Z07:00'],
]);

export const MONTHS: readonly string[] =
  'January February March April May June July August September October November December'.split(
    ' ',
  );
export const WEEKDAYS: readonly string[] =
  'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

/** In Go's own order: longer elements before shorter ones. `_2006` is a literal `_` and a year. */
const ELEMENT =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|0[1-6]|002|15|1|2006|2|_2(?!006)|__2|[345]|PM|pm|[-Z](?:070000|07:00:00|0700|07:00|07)|[.,](?:0+|9+)(?!\d)/g;

export function splitLayout(layout: string): LayoutPart[] {
  const parts: LayoutPart[] = [];
  let end = 0;
  for (const { 0: element, index } of layout.matchAll(ELEMENT)) {
    parts.push({ literal: layout.slice(end, index), element });
    end = index + element.length;
  }
  return [...parts, { literal: layout.slice(end), element: '' }];
}

export function isFraction(element: string): boolean {
  return /^[.,]/.test(element);
}

/** Go stores the digit count of a fraction in twelve bits. */
export function fractionDigits(element: string): number {
  return (element.length - 1) % 4096;
}
