import { gunzipSync, gzipSync } from 'node:zlib';
import { readTarGz } from '../../src/policy/bundle/tar.ts';

export interface Entry {
  readonly name: string;
  readonly content?: string | Uint8Array;
  /** A tar type flag; '0' is a plain file. */
  readonly type?: string;
  /** The folder of a long name, which has a field of its own. */
  readonly prefix?: string;
  /** The size field of the header, instead of the content's own in octal. */
  readonly size?: string;
}

/** A gzipped tar of these entries in this order, valid or not. */
export function tarGz(entries: readonly Entry[]): Buffer {
  const blocks = entries.flatMap(({ content = '', ...entry }) => {
    const body = Buffer.from(content);
    const size = entry.size ?? body.length.toString(8).padStart(11, '0');
    const padding = Buffer.alloc((512 - (body.length % 512)) % 512);
    return [header({ ...entry, size }), body, padding];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

function header({ name, size, type = '0', prefix = '' }: Entry & { size: string }): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0, 100, 'utf8');
  block.write('0000600\0', 100);
  block.write(`${size}\0`, 124);
  block.write(' '.repeat(8), 148);
  block.write(type, 156);
  block.write('ustar\x0000', 257);
  block.write(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** The entries of a good bundle, to be changed. */
export function entriesOf(bundle: Buffer): Entry[] {
  const files = readTarGz(bundle, 1 << 26);
  return [...files].map(([name, content]) => ({ name: `/${name}`, content }));
}

export function tarBytes(bundle: Buffer): Buffer {
  return gunzipSync(bundle);
}

/** The same bundle with another manifest. */
export function withManifest(bundle: Buffer, change: object): Buffer {
  return withFile(bundle, '/.manifest', (text) =>
    JSON.stringify({ ...JSON.parse(text), ...change }),
  );
}

/** The same bundle with one file edited. */
export function withFile(bundle: Buffer, name: string, edit: (text: string) => string): Buffer {
  const entries = entriesOf(bundle).map((entry) =>
    entry.name === name
      ? { ...entry, content: edit(Buffer.from(entry.content ?? '').toString()) }
      : entry,
  );
  return tarGz(entries);
}
