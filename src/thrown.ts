/** The message of what was thrown, which can be anything. */
export const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);

/** The same as an error. */
export const toError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(String(thrown));

/** The system's own code of it, such as ENOENT; undefined where it has none. */
export const codeOf = (thrown: unknown): string | undefined =>
  (thrown as NodeJS.ErrnoException).code;

/** An error that begins with the setting that names what failed, such as a file or a port. */
export const settingError = (setting: string, cause: unknown): Error =>
  new Error(`${setting}: ${messageOf(cause)}`, { cause });

/** What `read` returns; if it throws, the error begins with the setting. */
export function ofSettingSync<T>(setting: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw settingError(setting, cause);
  }
}

const LONGEST = 500;

/**
 * What may be logged of the message of another's error: on a wrong signature AWS sends the signed request
 * back, session token included, below the first line.
 */
export const firstLine = (message: string): string =>
  (message.split('\n', 1)[0] ?? '').slice(0, LONGEST);
