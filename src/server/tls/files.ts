import { readFile } from 'node:fs/promises';
import { watchFiles } from '../../files/watched.ts';
import { messageOf } from '../../thrown.ts';
import { checkPair, type TlsMaterial, type TlsPair } from './material.ts';

export interface TlsFilesOptions {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientCaFile?: string | undefined;
  readonly clientCertificates: TlsMaterial['clientCertificates'];
  readonly pollMs: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Called once for each unusable change; the last good pair stays in use. */
  readonly onAlarm: (error: Error) => void;
}

export interface TlsFiles extends TlsMaterial {
  /** Checks the files at once, as on SIGHUP. */
  reload(): Promise<void>;
  close(): void;
}

/**
 * Certificate and key from files. A new pair is used only once it is complete and fits together.
 * @throws Error naming the file, if there is no good pair at the start
 */
export async function createTlsFiles(options: TlsFilesOptions): Promise<TlsFiles> {
  const { clientCertificates, pollMs, onAlarm } = options;
  const listeners = new Set<(pair: TlsPair) => void>();
  const watched = await watchFiles({
    files: namesOf(options),
    read: () => readPair(options),
    pollMs,
    onChange(pair) {
      for (const listener of listeners) listener(pair);
    },
    onError: onAlarm,
  });
  return {
    ...watched,
    clientCertificates,
    onChange: (listener) => void listeners.add(listener),
  };
}

async function readPair(options: TlsFilesOptions): Promise<TlsPair> {
  const { certFile, keyFile, clientCaFile } = options;
  const [cert, key, ca] = await Promise.all([
    readFile(certFile, 'utf8'),
    readFile(keyFile, 'utf8'),
    clientCaFile === undefined ? undefined : readFile(clientCaFile, 'utf8'),
  ]);
  try {
    return checkPair({ cert, key, ca }, options.now());
  } catch (thrown) {
    // Not also as the cause: the log would show it twice.
    const reason = messageOf(thrown);
    throw new Error(`${namesOf(options).join(', ')} cannot serve TLS: ${reason}`);
  }
}

function namesOf({ certFile, keyFile, clientCaFile }: TlsFilesOptions): readonly string[] {
  return [certFile, keyFile, clientCaFile].filter((file) => file !== undefined);
}
