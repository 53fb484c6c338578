import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import { parseJson } from '../../json/exact.ts';
import { isJsonObject } from '../../json/object.ts';
import { ENTRYPOINT } from '../entrypoints.ts';
import { BundleFault } from './fault.ts';
import { toManifest } from './manifest.ts';
import { refuseUnasked } from './refuse-unasked.ts';
import { type Verification, verifySignature } from './signature.ts';
import { readTarGz } from './tar.ts';

/** 16 MiB: a policy is small; OPA's own cap of 1 GiB per file would only help an attacker. */
export const BUNDLE_LIMIT_BYTES = 16 * 1024 * 1024;

/** What is known of a bundle while it serves. */
export interface BundleFacts {
  readonly revision: string;
  /** SHA-256 of the archive, hex. */
  readonly digest: string;
  /** Milliseconds since the epoch after which the bundle must not be used, or Infinity. */
  readonly notAfter: number;
}

export interface Bundle extends BundleFacts {
  readonly wasm: Uint8Array;
  /** The data document as JSON text. */
  readonly data: Uint8Array;
  /** The manifest's metadata, with any content: the proxy reads only `not_after`. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly files: ReadonlyMap<string, Buffer>;
}

/** Why the bundle must not be used any more, or ''. */
export function overdue({ notAfter }: BundleFacts, now: number): string {
  return now > notAfter ? "the bundle's not_after has passed" : '';
}

/** Without the files, which would stay in memory. */
export function factsOf({ revision, digest, notAfter }: Bundle): BundleFacts {
  return { revision, digest, notAfter };
}

export interface ReadOptions {
  /** Upper bound of the bundle's size in bytes, both packed and unpacked. */
  readonly maxBytes?: number | undefined;
  /** If given, the bundle must be signed. */
  readonly verification?: Verification | undefined;
}

/** Reads an OPA bundle; its signature is verified before its contents are used. @throws BundleFault */
export function readBundle(archive: Buffer, options: ReadOptions = {}): Bundle {
  const { maxBytes = BUNDLE_LIMIT_BYTES, verification } = options;
  const files = readTarGz(archive, maxBytes);
  if (verification) verifySignature(files, verification);
  if (files.has('patch.json')) {
    throw new BundleFault('the bundle is a delta; the proxy takes only whole bundles');
  }
  const { revision, wasm, metadata } = toManifest(readJson(files, '.manifest') ?? {});
  const module = wasm.find(({ entrypoint }) => entrypoint === ENTRYPOINT)?.module;
  const policy = files.get(module?.replace(/^\//, '') ?? '');
  if (!policy) {
    throw new BundleFault(
      `the bundle has no Wasm module for ${ENTRYPOINT}; build it with \`policy build\``,
    );
  }
  const named = wasm.map(({ entrypoint }) => entrypoint);
  refuseUnasked(files, named);
  return {
    revision,
    digest: digestOf(archive),
    wasm: policy,
    data: readData(files),
    notAfter: metadata.not_after === undefined ? Infinity : Date.parse(metadata.not_after),
    metadata,
    files,
  };
}

/** SHA-256 in hex. */
export const digestOf = (archive: Buffer): string => hash('sha256', archive, 'hex');

/** `opa build` merges all data into one data.json at the root; a bundle with another was not built by it. */
function readData(files: ReadonlyMap<string, Buffer>): Uint8Array {
  for (const name of files.keys()) {
    if (name !== 'data.json' && /(^|\/)data\.(json|ya?ml)$/.test(name)) {
      throw new BundleFault(`the bundle holds data in ${name}; opa build merges it into data.json`);
    }
  }
  const data = readJson(files, 'data.json') ?? {};
  if (!isJsonObject(data)) throw new BundleFault("the bundle's data.json is not an object");
  return files.get('data.json') ?? Buffer.from('{}');
}

function readJson(files: ReadonlyMap<string, Buffer>, name: string): unknown {
  const text = files.get(name);
  if (text === undefined) return undefined;
  try {
    return parseJson(new TextDecoder('utf-8', { fatal: true }).decode(text));
  } catch (cause) {
    throw new BundleFault(`the bundle's ${name} is not JSON`, { cause });
  }
}
