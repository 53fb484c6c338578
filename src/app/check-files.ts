import { constants, type Stats } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { notRegular, readRegular } from '../files/regular.ts';
import { codeOf } from '../thrown.ts';
import { ofSetting } from './of-setting.ts';

/** Whether what a setting names can be read; what it holds is not judged. */
export async function readable(setting: string, file: string | undefined): Promise<void> {
  if (file !== undefined) await ofSetting(setting, () => readRegular(file));
}

interface Written {
  /** Whether its writer makes missing folders. */
  readonly makesFolders: boolean;
}

/** Whether a file can be written, or made if it is missing. Neither is done. */
export async function writable(
  setting: string,
  file: string | undefined,
  { makesFolders }: Written,
): Promise<void> {
  if (file === undefined) return;
  await ofSetting(setting, async () => {
    const found = await there(file);
    if (found && !found.isFile()) throw new Error(notRegular(file));
    if (found) await access(file, constants.R_OK | constants.W_OK);
    await intoFolder(dirname(resolve(file)), makesFolders);
  });
}

async function intoFolder(folder: string, makesFolders: boolean): Promise<void> {
  const found = await there(folder);
  if (!found && makesFolders) return intoFolder(dirname(folder), makesFolders);
  if (!found?.isDirectory()) throw new Error(`${folder} is not a folder`);
  await access(folder, constants.W_OK | constants.X_OK);
}

/** Undefined if there is nothing. */
function there(path: string): Promise<Stats | undefined> {
  return stat(path).catch((thrown: unknown) => {
    if (codeOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  });
}
