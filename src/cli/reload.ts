import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { isJsonObject } from '../json/object.ts';
import { messageOf } from '../message-of.ts';

/**
 * Says at SIGHUP what it does, and what not: the configuration is read at a start alone, and whoever has
 * changed it may think that it counts now. One that is wrong is told of before a restart finds it.
 * @param serving the configuration of the start; @param read the one of now, which throws where it is wrong
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

/** Where two configurations differ, by the names of the settings: values may be nobody's business. */
function changes(before: unknown, after: unknown, path = ''): readonly string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isJsonObject(before) || !isJsonObject(after)) return [path];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name) => {
    const at = path === '' ? name : `${path}.${name}`;
    return changes(before[name], after[name], at);
  });
}
