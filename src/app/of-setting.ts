import { settingError } from '../thrown.ts';

/** Reads or opens what a setting names, such as a file or a port; if that fails, the error begins with the setting. */
export async function ofSetting<T>(setting: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw settingError(setting, cause);
  }
}
