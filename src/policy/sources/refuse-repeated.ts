import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repeatedKey } from '../../json/exact.ts';
import { messageOf } from '../../thrown.ts';
import { parseYaml } from '../../yaml.ts';
import { BundleFault } from '../bundle/fault.ts';
import { isData } from './rego-folder.ts';

/**
 * Refuses data with a key twice in one object: of two conditions `opa build` would keep the last one without a
 * word, so that the first never holds. Called after `opa build`, which says what is not JSON or YAML at all.
 * @throws BundleFault
 */
export async function refuseRepeatedKeys(folder: string): Promise<void> {
  const names = await readdir(folder, { recursive: true });
  for (const name of names.filter(isData).sort()) {
    const fault = faultOf(name, await readFile(join(folder, name), 'utf8'));
    if (fault !== '') throw new BundleFault(`${join(folder, name)}: ${fault}`);
  }
}

function faultOf(name: string, text: string): string {
  try {
    if (!name.endsWith('.json')) {
      parseYaml(text);
      return '';
    }
    const repeated = repeatedKey(text);
    return repeated === undefined ? '' : `${repeated} occurs twice in one object`;
  } catch (cause) {
    return messageOf(cause);
  }
}
