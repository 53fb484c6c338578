import { randomUUID } from 'node:crypto';
import { lstatSync, unlinkSync } from 'node:fs';
import { chmod, link, lstat, stat, unlink } from 'node:fs/promises';
import { type AddressInfo, connect, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { makeFolder } from '../../files/make-folder.ts';
import { stampOf } from '../../files/stamp.ts';
import { messageOf } from '../../thrown.ts';

interface BindOptions {
  /** `host:port`, `[v6]:port` or `unix:/absolute/path`. */
  readonly address: string;
  /** Permissions of a Unix socket. */
  readonly mode: number;
}

/**
 * Binds, and resolves to the address in the form that was asked for, with the real port.
 * @throws Error that names the address, when it cannot be bound
 */
export async function bind(server: Server, options: BindOptions): Promise<string> {
  const { address } = options;
  try {
    if (address.startsWith('unix:')) return await bindUnix(server, address.slice(5), options);
    const { host, port } = parseHostPort(address);
    await listening(server, () => server.listen({ host, port }));
    return formatAddress(server.address() as AddressInfo);
  } catch (thrown) {
    const reason = messageOf(thrown);
    throw new Error(`cannot listen on ${address}: ${reason}`, { cause: thrown });
  }
}

/** `127.0.0.1:80` or `[::1]:80`. */
function formatAddress({ address, family, port }: AddressInfo): string {
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
}

function parseHostPort(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  const port = Number(address.slice(colon + 1));
  if (colon < 1 || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error('it must be host:port, [v6]:port or unix:/absolute/path');
  }
  return { host, port };
}

/**
 * The socket never has wider permissions than `mode`, not even between bind and chmod: it gets its name
 * last. That also keeps Node, when the server closes, from removing whatever has the name by then, which
 * may be the socket of a newer process.
 */
async function bindUnix(server: Server, path: string, { mode }: BindOptions) {
  const folder = dirname(path);
  makeFolder(folder, 0o750);
  await refuseOpenFolder(folder);
  await removeStale(path);
  const unnamed = join(folder, nameFor(folder));
  await listening(server, () => {
    const before = process.umask(0o177);
    try {
      server.listen({ path: unnamed });
    } finally {
      process.umask(before);
    }
  });
  try {
    await chmod(unnamed, mode);
    await link(unnamed, path);
  } finally {
    await unlink(unnamed);
  }
  const ours = stampAt(path);
  server.once('close', () => {
    if (stampAt(path) === ours) unlinkSync(path);
  });
  return `unix:${path}`;
}

/** Of a socket's path, with its closing zero (unix(7)). */
const MOST_BYTES = 108;
const NAME_CHARACTERS = 12;

/** Cut to fit: the real name may be a short one in a folder with a long path. */
function nameFor(folder: string): string {
  const room = MOST_BYTES - 1 - Buffer.byteLength(join(folder, '/'));
  return randomUUID().replaceAll('-', '').slice(0, Math.min(room, NAME_CHARACTERS));
}

/** Not only the inode: the next file may get the same number. */
function stampAt(path: string): string {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? '' : stampOf(stats);
}

/** Whoever owns the folder, or may write to it, can put a socket in the place of ours. */
async function refuseOpenFolder(folder: string): Promise<void> {
  const { mode, uid } = await stat(folder);
  if (uid !== 0 && uid !== process.getuid?.()) throw new Error(`somebody else owns ${folder}`);
  const sticky = (mode & 0o1000) !== 0;
  if ((mode & 0o002) !== 0 && !sticky) {
    throw new Error(`everyone may write to ${folder}; make it 0750`);
  }
}

/** Removes a socket that nobody listens on any more, such as a killed process leaves behind. */
async function removeStale(path: string): Promise<void> {
  const there = await lstat(path).catch(() => undefined);
  if (!there) return;
  if (!there.isSocket()) throw new Error('a file that is not a socket is in the way');
  if (await answers(path)) throw new Error('another process listens there');
  await unlink(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else reject(error);
    });
  });
}

function listening(server: Server, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
    listen();
  });
}
