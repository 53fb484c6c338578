import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { AuditCause } from '../audit-causes.ts';
import type { CountedKind } from '../audit-kinds.ts';
import type { SinkName } from '../sink-names.ts';
import { messageOf, ofSettingSync } from '../thrown.ts';
import type { EvaluateMask } from './entries/mask.ts';
import { createRedactor, type Redactor } from './entries/redact.ts';
import { toInstallKey } from './install-key.ts';
import { readOrMakeKey } from './key-file.ts';
import { createEd25519Signer, makeEd25519Key, type Signer } from './log/signer.ts';
import type { HostSettings } from './log/state.ts';
import type { SigningKey } from './messages.ts';
import type { SinkSettings } from './sinks/messages.ts';

/** Where, how and how long entries are kept. */
export interface AuditOptions extends Omit<HostSettings, 'origin' | 'labels' | 'resuming'> {
  /** Entries on their way at one time. */
  readonly maxQueue: number;

  /** What each segment says of the instance beside its origin, such as its version. */
  readonly labels: Readonly<Record<string, string>>;

  /** Name of this log, unique in a fleet; default `kms-reencrypt-proxy/<host name>`. */
  readonly origin?: string | undefined;
  /** Ed25519, PKCS #8 PEM; made beside the log where it is not given. */
  readonly signingKeyFile?: string | undefined;
  /** Signs checkpoints instead of a key file: a key that never leaves its KMS (Ed25519, ECDSA P-256). */
  readonly signer?: Signer | undefined;
  /** 32 bytes or their base64; made beside the log where it is not given. */
  readonly hmacKeyFile?: string | undefined;
  /** Context keys whose values are written in clear. */
  readonly clearContextKeys: readonly string[];

  /** Where entries go besides the file. */
  readonly sinks: SinkOptions;
  /** Lets the policy remove more from entries. */
  readonly evaluateMask: EvaluateMask;
  /** False while the policy has no mask: entries then need not be parsed for it. */
  readonly maskActive: () => boolean;

  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly warn: (message: string) => void;
  readonly onEntry: (kind: CountedKind) => void;
  /** A batch of entries became durable, this many milliseconds after it was sent. */
  readonly onCommit: (ms: number) => void;
  /** Each failure, by its cause; told once for as long as it lasts. */
  readonly onFailure: (cause: AuditCause) => void;
  /** Entries that a sink will never get. */
  readonly onDropped: (sink: SinkName, count: number) => void;
  /** Takes each checkpoint off the host. */
  readonly onCheckpoint: (note: string) => void;
}

interface SinkOptions extends SinkSettings {
  /** Those that must have an entry before it counts; the file always must. */
  readonly required: readonly ('file' | SinkName)[];
}

/** Sinks besides the file that must have an entry before it counts. */
export function requiredSinks({ sinks }: Pick<AuditOptions, 'sinks'>) {
  return sinks.required.filter((name) => name !== 'file');
}

export function originOf({ origin }: Pick<AuditOptions, 'origin'>): string {
  return origin ?? `kms-reencrypt-proxy/${hostname()}`;
}

export function settingsOf(options: AuditOptions): HostSettings {
  const origin = originOf(options);
  return {
    file: options.file,
    durability: options.durability,
    onBrokenChain: options.onBrokenChain,
    origin,
    labels: { ...options.labels, origin },
    resuming: false,
    maxBytes: options.maxBytes,
    maxAgeMs: options.maxAgeMs,
    keepSegments: options.keepSegments,
    keepMs: options.keepMs,
    checkpointEntries: options.checkpointEntries,
    checkpointMs: options.checkpointMs,
    commitTimeoutMs: options.commitTimeoutMs,
  };
}

/** The key that signs checkpoints. Warns of a new one: only a copy kept elsewhere proves it is this host's. */
export function signingKeyOf(
  options: Pick<AuditOptions, 'file' | 'origin' | 'signer' | 'signingKeyFile' | 'warn'>,
): SigningKey {
  const { file, signer, signingKeyFile, warn } = options;
  if (signer) return { vkey: signer.vkey };
  const path = signingKeyFile ?? `${file}.key`;
  return ofSettingSync(signingKeyFile ? 'audit.checkpoint.signing_key_file' : 'audit.file', () => {
    const { bytes, made } = readOrMakeKey(path, signingKeyFile ? undefined : makeEd25519Key);
    const { vkey } = signerIn(path, bytes, originOf(options));
    if (made)
      warn(`audit: made a signing key, ${path}; keep its public half off this host: ${vkey}`);
    return { pem: bytes };
  });
}

function signerIn(path: string, bytes: Buffer, origin: string): Signer {
  try {
    return createEd25519Signer(bytes, origin);
  } catch (cause) {
    throw new Error(`${path}: ${messageOf(cause)}`, { cause });
  }
}

export function redactorOf(
  options: Pick<AuditOptions, 'file' | 'hmacKeyFile' | 'clearContextKeys' | 'warn'>,
): Redactor {
  const { file, hmacKeyFile, clearContextKeys, warn } = options;
  const path = hmacKeyFile ?? `${file}.hmac-key`;
  return ofSettingSync(hmacKeyFile ? 'audit.hmac_key_file' : 'audit.file', () => {
    const { bytes, made } = readOrMakeKey(path, hmacKeyFile ? undefined : () => randomBytes(32));
    if (made) warn(`audit: made an install key for context values, ${path}`);
    return createRedactor(toInstallKey(bytes, path), clearContextKeys);
  });
}
