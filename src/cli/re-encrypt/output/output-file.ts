import { randomBytes } from 'node:crypto';
import { open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parameterFailure } from '../failure.ts';

interface OutputFile {
  /** `--output-file -`: only the blob goes to standard output. */
  readonly isStdout: boolean;
  /** Puts the whole blob in place at once; until then the file is unchanged. */
  commit(blob: Uint8Array): Promise<void>;
  /** Removes what was not committed. */
  discard(): Promise<void>;
}

/** @throws CliFailure if nothing can be written there */
export async function openOutput(path: string): Promise<OutputFile> {
  if (path === '-') {
    const nothing = async () => undefined;
    return { isStdout: true, commit: nothing, discard: nothing };
  }
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) throw unusable(`${path} is a folder`);
  if (found && !found.isFile()) return openDevice(path);
  // A link stays a link: what it leads to is replaced.
  return openDraft(path, found ? await realpath(path) : resolve(path));
}

/** A device or a FIFO, above all `/dev/null`, which a rename would replace. */
async function openDevice(path: string): Promise<OutputFile> {
  const handle = await open(path, 'w').catch((cause: Error) => {
    throw unusable(`cannot write to ${path}: ${cause.message}`);
  });
  return {
    isStdout: false,
    commit: (blob) => handle.writeFile(blob),
    discard: () => handle.close(),
  };
}

async function openDraft(path: string, target: string): Promise<OutputFile> {
  const draft = join(dirname(target), `.kms-reencrypt-proxy.${randomBytes(8).toString('hex')}`);
  const handle = await open(draft, 'wx').catch((cause: Error) => {
    throw unusable(`cannot write beside ${path}: ${cause.message}`);
  });
  let left = true;
  return {
    isStdout: false,
    commit: async (blob) => {
      await handle.writeFile(blob);
      await handle.sync();
      await handle.close();
      await rename(draft, target).catch((cause: Error) => {
        throw unusable(`cannot replace ${path}: ${cause.message}`);
      });
      left = false;
    },
    discard: async () => {
      if (!left) return;
      left = false;
      await handle.close().catch(() => undefined);
      await unlink(draft).catch(() => undefined);
    },
  };
}

function unusable(problem: string) {
  return parameterFailure('--output-file', problem);
}
