import { hash } from 'node:crypto';
import { ENCRYPTION_ALGORITHMS } from '../call.ts';
import type { BatchReEncryptItem } from '../gen/kms/reencrypt/v1/BatchReEncryptItem.ts';
import type { EncryptionAlgorithm } from '../gen/kms/reencrypt/v1/EncryptionAlgorithm.ts';
import { canonical, type Json } from '../json/canonical.ts';
import { parseJson, repeatedKey } from '../json/exact.ts';
import { isJsonObject, type JsonObject } from '../json/object.ts';

/** An item, as a batch takes it, and the bytes of its line. */
export interface JobItem {
  readonly item: BatchReEncryptItem & { readonly reference: string };
  /** Differs if another run would ask for something else under the same reference. */
  readonly digest: string;
  readonly bytes: number;
}

/** Keys for items that name none. */
export interface ItemDefaults {
  readonly sourceKeyId?: string | undefined;
  readonly destinationKeyId?: string | undefined;
}

/** Members of a line, each with what it must be; the proxy checks the rest. */
const MEMBERS: Readonly<Record<string, (value: unknown) => string>> = {
  reference,
  ciphertext_blob: (value) => (isBase64(value) ? '' : 'must be base64'),
  source_key_id: text,
  source_encryption_context: context,
  source_encryption_algorithm: algorithm,
  destination_key_id: text,
  destination_encryption_context: context,
  destination_encryption_algorithm: algorithm,
  grant_tokens: (value) =>
    Array.isArray(value) && value.every(isText) ? '' : 'must be a list of strings',
};

/** A line of JSON → an item. @throws Error with a sentence that names the member */
export function readItem(line: string, defaults: ItemDefaults): JobItem {
  const members = readMembers(line);
  for (const [name, value] of Object.entries(members)) {
    const judge = Object.hasOwn(MEMBERS, name) ? MEMBERS[name] : undefined;
    if (!judge) throw new Error(`${name} is not known; ${Object.keys(MEMBERS).join(', ')} are`);
    const wrong = judge(value);
    if (wrong !== '') throw new Error(`${name} ${wrong}`);
  }
  const asked = withDefaults(members, defaults);
  // Told before anything is sent: refused one by one, all items would be done for good, and none re-encrypted.
  if (asked['destination_key_id'] === undefined)
    throw new Error(
      'destination_key_id is missing, and --destination-key-id names no key for such items',
    );
  return { item: toItem(asked), digest: digestOf(asked), bytes: Buffer.byteLength(line) };
}

function withDefaults(
  members: JsonObject,
  { sourceKeyId, destinationKeyId }: ItemDefaults,
): JsonObject {
  return {
    ...members,
    source_key_id: members['source_key_id'] || sourceKeyId,
    destination_key_id: members['destination_key_id'] || destinationKeyId || undefined,
  };
}

/**
 * SHA-256 in base64url, whatever the order of members and of context pairs. Grant tokens live for minutes, so a
 * job that goes on later has others.
 */
function digestOf({ grant_tokens: _, ...asked }: JsonObject): string {
  return hash('sha256', canonical(asked as Json), 'base64url');
}

function readMembers(line: string): JsonObject {
  const parsed = parse(line);
  if (!isJsonObject(parsed)) throw new Error('must be a JSON object');
  const repeated = repeatedKey(line);
  if (repeated !== undefined) throw new Error(`${repeated} occurs twice in one object`);
  return parsed;
}

function parse(line: string): unknown {
  try {
    return parseJson(line);
  } catch (cause) {
    throw new Error('must be a JSON object', { cause });
  }
}

function toItem(asked: JsonObject): JobItem['item'] {
  const string = (name: string) => String(asked[name] ?? '');
  const map = (name: string) => (asked[name] ?? {}) as Record<string, string>;
  return {
    reference: string('reference'),
    request: {
      ciphertextBlob: Buffer.from(string('ciphertext_blob'), 'base64'),
      ...(asked['source_key_id'] !== undefined && { sourceKeyId: string('source_key_id') }),
      sourceEncryptionContext: map('source_encryption_context'),
      sourceEncryptionAlgorithm: toAlgorithm(string('source_encryption_algorithm')),
      destinationKeyId: string('destination_key_id'),
      destinationEncryptionContext: map('destination_encryption_context'),
      destinationEncryptionAlgorithm: toAlgorithm(string('destination_encryption_algorithm')),
      grantTokens: (asked['grant_tokens'] ?? []) as string[],
    },
  };
}

function toAlgorithm(name: string): EncryptionAlgorithm {
  return `ENCRYPTION_ALGORITHM_${name || 'UNSPECIFIED'}` as EncryptionAlgorithm;
}

/** protobufjs would silently turn an unknown name into the default. */
function algorithm(value: unknown): string {
  if (ENCRYPTION_ALGORITHMS.some((known) => known === value)) return '';
  return `must be one of ${ENCRYPTION_ALGORITHMS.join(', ')}`;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function text(value: unknown): string {
  return isText(value) ? '' : 'must be a string';
}

/** Half a surrogate pair would come back as U+FFFD, and the result would seem to be another item's. */
function reference(value: unknown): string {
  return isText(value) && !value.isWellFormed() ? 'must be valid Unicode' : text(value);
}

function isBase64(value: unknown): boolean {
  return isText(value) && Buffer.from(value, 'base64').toString('base64') === value;
}

function context(value: unknown): string {
  if (!isJsonObject(value)) return 'must be an object of strings';
  // protobufjs would lose it on the way, and what is left would be another context.
  if (Object.hasOwn(value, '__proto__')) return 'must not have the key __proto__';
  return Object.values(value).every(isText) ? '' : 'must be an object of strings';
}
