/**
 * Makes text of callers and of files safe for a terminal and a report: what would move the cursor, end
 * the line or turn its direction is escaped, so that nobody can hide or forge a line; so is what XML
 * cannot hold.
 */
export function printable(text: unknown): string {
  return shown(text).replace(UNPRINTABLE, (character) => {
    return `\\u{${character.codePointAt(0)?.toString(16)}}`;
  });
}

/** JSON that means the same. Its own rules leave some control characters in strings as they are. */
export function printableJson(json: string): string {
  const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return json.replace(UNPRINTABLE, (character) => character.split('').map(escaped).join(''));
}

/** The same for JSON that stands on several lines. */
export const printableJsonLines = (json: string): string =>
  json.split('\n').map(printableJson).join('\n');

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffe\uffff]/gu;

/** Text as it is, nothing for undefined, anything else as JSON. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '(nested too deeply)';
  }
}

/** The same for a text of several lines, such as an error that lists what is wrong. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');
