type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/**
 * JSON.parse for text from outside. V8 from 12.8 on (Node 24 and 26) reads an escaped key as
 * `\` once any object with a key `\` was parsed (nodejs/node#63785): one peer could change what
 * the next one's encryption context says. Text without escapes is not concerned.
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  if (!text.includes('\\')) return JSON.parse(text);
  JSON.parse(text);
  try {
    return toObjects(JSON.parse(toPairs(text)));
  } catch (cause) {
    throw cause instanceof RangeError
      ? new SyntaxError('JSON nested too deeply', { cause })
      : cause;
  }
}

/**
 * A key that an object in valid JSON has twice, which in text that people write is a mistake: `parseJson`
 * takes the last one.
 */
export function repeatedKey(text: string): string | undefined {
  const open: Json[] = [JSON.parse(toPairs(text))];
  // It grows meanwhile: a function that called itself would need stack for each level.
  for (const json of open) {
    if (typeof json !== 'object' || json === null) continue;
    const pairs = Array.isArray(json) ? [] : pairsOf(json);
    const keys = pairs.filter((_, at) => at % 2 === 0).map(String);
    if (new Set(keys).size < keys.length) return keys.find((key, at) => keys.indexOf(key) < at);
    for (const one of Array.isArray(json) ? json : pairs) open.push(one);
  }
  return undefined;
}

/** Not strings as a whole: a pattern that repeats an alternative needs stack for each repetition. */
const TOKENS = /\\.|["{}:]/g;
const AS_PAIRS: Readonly<Record<string, string>> = { '{': '{"o":[', '}': ']}', ':': ',' };

/** Valid JSON → the same with each object as `{"o":[key,value,…]}`: keys stand where values do. */
function toPairs(text: string): string {
  let quoted = false;
  return text.replace(TOKENS, (token) => {
    if (token === '"') quoted = !quoted;
    return quoted ? token : (AS_PAIRS[token] ?? token);
  });
}

function toObjects(json: Json): unknown {
  if (Array.isArray(json)) return json.map(toObjects);
  if (typeof json !== 'object' || json === null) return json;
  const pairs = json['o'];
  if (!Array.isArray(pairs)) return json;
  const object = {};
  for (let at = 0; at < pairs.length; at += 2) {
    const value = toObjects(pairs[at + 1] ?? null);
    const own = { value, enumerable: true, writable: true, configurable: true };
    Object.defineProperty(object, String(pairs[at]), own);
  }
  return object;
}

/** Of an object as `toPairs` has it. */
function pairsOf({ o: pairs }: { readonly [key: string]: Json }): readonly Json[] {
  return Array.isArray(pairs) ? pairs : [];
}
