import { type EncryptionContext, sortKeys } from '../encryption-context.ts';

/** Collects what is wrong: `field` is the proto's name; the JSON wire translates it to its own. */
export type Complain = (field: string, description: string) => void;

const REPLACEMENT = '\uFFFD';

/** Our own limit: KMS states none. Each pair costs some microseconds on its way into the log. */
const MOST_PAIRS = 1000;

/**
 * A map of strings → a frozen encryption context without a prototype. Decoders put U+FFFD where bytes were
 * not UTF-8 and so merge keys, JSON allows lone surrogates, and `__proto__` gets lost wherever objects are
 * merged: none of these may reach policy as one thing and KMS as another. The keys are sorted, so that no
 * later stage has to.
 */
export function readEncryptionContext(
  field: string,
  map: Readonly<Record<string, unknown>>,
  complain: Complain,
): EncryptionContext {
  const context: Record<string, string> = {};
  const keys = Object.keys(map);
  if (keys.length > MOST_PAIRS) {
    complain(field, `must have at most ${MOST_PAIRS} pairs, which is a limit of this proxy`);
    return context;
  }
  for (const key of sortKeys(keys)) {
    const value = map[key];
    const wrong = wrongKey(key) ?? wrongValue(value);
    if (wrong !== undefined) complain(field, `${wrong} (key ${shown(key)})`);
    else if (typeof value === 'string') context[key] = value;
  }
  // V8 makes a hash table of an object created without a prototype, and reading that costs twice as much.
  return Object.freeze(Object.setPrototypeOf(context, null));
}

function wrongKey(key: string): string | undefined {
  if (key === '') return 'must have no empty key';
  if (key === '__proto__') return 'must not have the key __proto__';
  return isExact(key) ? undefined : 'must have keys of valid Unicode, without U+FFFD';
}

function wrongValue(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'must have values that are strings';
  if (value === '') return 'must have no empty value';
  return isExact(value) ? undefined : 'must have values of valid Unicode, without U+FFFD';
}

/** Whether text means the same to every decoder on its way. */
export function isExact(text: string): boolean {
  return text.isWellFormed() && !text.includes(REPLACEMENT);
}

/** A key as it may stand in an error message: short, one line, ASCII. */
function shown(key: string): string {
  const start = key.slice(0, 40);
  const ascii = start.replace(
    /[^ -~]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return JSON.stringify(ascii).replaceAll('\\\\u', '\\u');
}
