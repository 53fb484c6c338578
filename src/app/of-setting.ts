/** What a file or a place of the configuration holds; where that cannot be had, the error names the setting. */
export async function ofSetting<T>(setting: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${setting}: ${why}`, { cause });
  }
}
