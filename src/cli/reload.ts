import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { isJsonObject } from '../json/object.ts';
import { messageOf } from '../thrown.ts';

/**
 * Logs at SIGHUP what it does and does not do: the configuration is read only at a start, and whoever changed
 * it may think that it applies now. Reports a wrong one before a restart would fail on it.
 * @param serving the configuration of the start; @param read reads the current one, and throws if it is wrong
 */
export function tellReload(
  log: Pick<Logger, 'info' | 'warn'>,
  serving: unknown,
  read: () => unknown,
): void {
  log.info('SIGHUP: reloading policy and certificates, reopening the audit file');
  try {
    const settings = changes(serving, read());
    if (settings.length === 0) return;
    log.warn(
      { settings },
      'the configuration has changed since the start; a restart takes it, if `config check` finds nothing',
    );
  } catch (error) {
    log.warn(`a restart would fail: ${messageOf(error)}`);
  }
}

/** The names of the settings that differ, without values: those may be secret. */
function changes(before: unknown, after: unknown, path = ''): readonly string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isJsonObject(before) || !isJsonObject(after)) return [path];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name) => {
    const at = path === '' ? name : `${path}.${name}`;
    return changes(before[name], after[name], at);
  });
}
