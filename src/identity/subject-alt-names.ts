/** The names of a certificate, by kind. */
export interface SubjectAltNames {
  readonly uri: readonly string[];
  readonly dns: readonly string[];
  readonly email: readonly string[];
}

const KINDS: Readonly<Record<string, keyof SubjectAltNames>> = {
  URI: 'uri',
  DNS: 'dns',
  email: 'email',
};

/** `KIND:value`; a value with unusual characters is a JSON string. */
const ENTRY = /([A-Za-z ]+):(?:("(?:[^"\\]|\\.)*")|([^",]*))(?:, |$)/y;

/**
 * Reads Node's text of the subject alternative names. A name may itself contain `, URI:…`, and is then
 * quoted, so the text must never be split at its commas (CVE-2021-44532).
 * @throws SyntaxError if any part cannot be read
 */
export function parseSubjectAltNames(text: string): SubjectAltNames {
  const names = { uri: [] as string[], dns: [] as string[], email: [] as string[] };
  ENTRY.lastIndex = 0;
  for (let read = 0; read < text.length; read = ENTRY.lastIndex) {
    const entry = ENTRY.exec(text);
    if (!entry) throw new SyntaxError('the subject alternative names cannot be read');
    const [, kind = '', quoted, bare = ''] = entry;
    const value = quoted === undefined ? bare : String(JSON.parse(quoted));
    const known = KINDS[kind];
    if (known) names[known].push(value);
  }
  return names;
}
