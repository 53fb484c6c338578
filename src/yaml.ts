import { parseDocument } from 'yaml';
import { messageOf } from './thrown.ts';

/**
 * YAML that people write. Tags of other programs (`!secret`, `!Ref`) are refused: the parser takes what follows them
 * for plain text, and says so only as a warning of Node. An error never shows the text, which may be a secret.
 * @throws Error with one sentence
 */
export function parseYaml(text: string): unknown {
  try {
    const document = parseDocument(text, { logLevel: 'error' });
    const [wrong] = [...document.errors, ...document.warnings];
    if (wrong) throw wrong;
    return document.toJS();
  } catch (cause) {
    // The lines below the first show the place in the text.
    const [first = ''] = messageOf(cause).split('\n');
    throw new Error(first.replace(/:$/, ''));
  }
}
