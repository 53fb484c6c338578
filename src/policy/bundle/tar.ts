import type { Buffer } from 'node:buffer';
import { gunzipSync } from 'node:zlib';
import { BundleFault } from './fault.ts';

const BLOCK = 512;

/** Room for the longest possible path, and the other records that Go writes. */
const PAX_BYTES = 16 * 1024;

/**
 * Files of a gzipped tar, by their path without a leading `/` or `./`. What no bundle needs is
 * refused rather than skipped: links, devices, `..`, two files of one name, more than `maxBytes`.
 */
export function readTarGz(archive: Buffer, maxBytes: number): ReadonlyMap<string, Buffer> {
  const tar = gunzip(archive, maxBytes);
  const files = new Map<string, Buffer>();
  let longName = '';
  for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0; ) {
    const entry = readHeader(tar.subarray(at, at + BLOCK));
    const content = tar.subarray(at + BLOCK, at + BLOCK + entry.size);
    if (content.length < entry.size) throw new BundleFault('the bundle is cut short');
    at += BLOCK + Math.ceil(entry.size / BLOCK) * BLOCK;
    if (entry.type === 'x') {
      longName = paxPath(content);
      continue;
    }
    const path = longName || entry.name;
    longName = '';
    // A folder: it says nothing that its files do not.
    if (entry.type === '5') continue;
    const name = normalise(path);
    if (entry.type !== '0')
      throw new BundleFault(`the bundle holds ${name}, which is not a plain file`);
    if (files.has(name)) throw new BundleFault(`the bundle holds ${name} twice`);
    files.set(name, content);
  }
  if (files.size === 0) throw new BundleFault('the bundle is empty');
  return files;
}

function gunzip(archive: Buffer, maxBytes: number): Buffer {
  try {
    return gunzipSync(archive, { maxOutputLength: maxBytes });
  } catch (cause) {
    const tooLarge = cause instanceof RangeError;
    throw new BundleFault(
      tooLarge
        ? `the bundle is larger than ${maxBytes} bytes unpacked`
        : 'the bundle is not a complete gzipped tar; build it with `policy build`',
      { cause },
    );
  }
}

function readHeader(header: Buffer) {
  if (checksum(header) !== octal(header, 148, 8)) {
    throw new BundleFault('the bundle has a tar header that is damaged');
  }
  const prefix = text(header, 345, 155);
  const name = text(header, 0, 100);
  const type = String.fromCharCode(header[156] ?? 0);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    size: octal(header, 124, 12),
    type: type === '\0' ? '0' : type,
  };
}

/** Sum of the header's bytes with its own checksum field taken as spaces. */
function checksum(header: Buffer): number {
  let sum = 8 * 0x20;
  for (let i = 0; i < BLOCK; i += 1) if (i < 148 || i >= 156) sum += header[i] ?? 0;
  return sum;
}

function text(header: Buffer, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? length : end);
}

function octal(header: Buffer, start: number, length: number): number {
  const digits = text(header, start, length).trim();
  if (!/^[0-7]{1,11}$/.test(digits)) {
    throw new BundleFault('the bundle has a tar header that is damaged');
  }
  return Number.parseInt(digits, 8);
}

/** The `path` record of a PAX header, which Go writes for long and for non-ASCII names. */
function paxPath(content: Buffer): string {
  if (content.length > PAX_BYTES)
    throw new BundleFault('the bundle has a PAX header that is too large');
  let path = '';
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(0x20, at);
    const length = Number.parseInt(content.toString('latin1', at, space), 10);
    if (space < 0 || !(length > 0) || at + length > content.length) {
      throw new BundleFault('the bundle has a PAX header that is damaged');
    }
    const record = content.toString('utf8', space + 1, at + length - 1);
    if (record.startsWith('path=')) path = record.slice('path='.length);
    at += length;
  }
  return path;
}

function normalise(name: string): string {
  const plain = name.replace(/^(\.?\/)+/, '');
  const segments = plain.split('/');
  if (
    /[\\\0]/.test(plain) ||
    segments.some((part) => part === '..' || part === '.' || part === '')
  ) {
    throw new BundleFault(`the bundle holds a file named ${JSON.stringify(name)}`);
  }
  return plain;
}
