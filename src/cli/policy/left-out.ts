import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { printable } from '../printable.ts';

/**
 * A warning about JSON files that `opa` leaves out of a bundle without a word. To Rego, data that is not there is
 * undefined: a deny that asks for it would never deny.
 */
export async function warnLeftOut(folder: string, stderr: NodeJS.WritableStream): Promise<void> {
  const names = await readdir(folder, { recursive: true });
  const left = names.filter((name) => isLeftOut(basename(name))).sort();
  if (left.length === 0) return;
  const which = printable(left.join(', '));
  const rule = 'OPA takes data only from files named data.json or data.yaml';
  stderr.write(`kms-reencrypt-proxy policy: left out of the bundle: ${which}; ${rule}\n`);
}

const isLeftOut = (name: string) =>
  name.endsWith('.json') && name !== 'data.json' && !name.startsWith('.');
