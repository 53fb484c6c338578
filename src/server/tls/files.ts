import { readFile } from 'node:fs/promises';
import { fileStamp } from '../../files/stamp.ts';
import { messageOf } from '../../message-of.ts';
import { toldOnce } from '../../told-once.ts';
import { checkPair, type TlsMaterial, type TlsPair } from './material.ts';

export interface TlsFilesOptions {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientCaFile?: string;
  readonly clientCertificates: TlsMaterial['clientCertificates'];
  readonly pollMs: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Told once of each change that cannot be used; the last good pair goes on. */
  readonly onAlarm: (error: Error) => void;
}

export interface TlsFiles extends TlsMaterial {
  /** Looks at once, as on SIGHUP. */
  reload(): Promise<void>;
  close(): void;
}

/**
 * Certificate and key from files, watched by looking (which sees every kind of replacement, the
 * swapped links of Kubernetes too). A new pair counts only once it is whole and fits together.
 * @throws Error naming the file, where there is no good pair at the start
 */
export async function createTlsFiles(options: TlsFilesOptions): Promise<TlsFiles> {
  const { clientCertificates } = options;
  const files = namesOf(options);
  const listeners = new Set<(pair: TlsPair) => void>();
  let stamp = await stampOf(files);
  let current = await readPair(options);

  const look = async (): Promise<void> => {
    const before = await stampOf(files);
    if (before === stamp) return;
    const next = await readPair(options);
    stamp = before;
    current = next;
    for (const listener of listeners) listener(current);
  };
  const reload = toldOnce(look, options.onAlarm);
  const timer = setInterval(() => void reload(), options.pollMs);
  timer.unref();

  return {
    clientCertificates,
    current: () => current,
    onChange: (listener) => void listeners.add(listener),
    reload,
    close: () => clearInterval(timer),
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
    return checkPair({ cert, key, ...(ca !== undefined && { ca }) }, options.now());
  } catch (thrown) {
    // Not as the cause too: the log would tell it twice.
    const reason = messageOf(thrown);
    throw new Error(`${namesOf(options).join(', ')} cannot serve TLS: ${reason}`);
  }
}

function namesOf({ certFile, keyFile, clientCaFile }: TlsFilesOptions): readonly string[] {
  return [certFile, keyFile, clientCaFile].filter((file) => file !== undefined);
}

async function stampOf(files: readonly string[]): Promise<string> {
  return (await Promise.all(files.map(fileStamp))).join(',');
}
