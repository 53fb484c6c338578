export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/**
 * Canonical JSON as RFC 8785 has it: no blanks, keys sorted by UTF-16 code units, strings and
 * numbers as ECMAScript writes them. Members that are `undefined` are left out.
 */
export function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${members(value as { readonly [key: string]: Json | undefined })}}`;
}

/** The sorted members of an object without its braces. */
export function members(object: { readonly [key: string]: Json | undefined }): string {
  return Object.keys(object)
    .sort()
    .flatMap((key) => {
      const value = object[key];
      return value === undefined ? [] : [`${JSON.stringify(key)}:${canonical(value)}`];
    })
    .join(',');
}
