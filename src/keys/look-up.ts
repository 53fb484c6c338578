import type { KeyDescription, KeyFacts } from '../call.ts';
import { Refusal, toRefusal } from '../errors.ts';
import { KEY_ID_RULE, type KeyId, parseKeyId } from './key-id.ts';

/** What is asked of KMS about keys. Every method rejects with a Refusal. */
export interface KeyDirectory {
  describeKey(keyId: string, signal: AbortSignal): Promise<KeyDescription>;
  listAliases(keyArn: string, signal: AbortSignal): Promise<readonly string[]>;
  listResourceTags(keyArn: string, signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
}

export interface FactSettings {
  /** Ask DescribeKey; if false, only key ARNs are accepted and all other facts are off. */
  readonly describe: boolean;
  readonly tags: boolean;
  readonly aliases: boolean;
  /** The account whose keys have readable tags and aliases; '' for any (KMS lists only its own). */
  readonly ownAccount: string;
}

/** What only DescribeKey says, as policy names it; of a multi-Region key its ARN says so too. */
const DESCRIBED: Readonly<
  Record<Exclude<keyof KeyDescription, 'arn' | 'keyId' | 'multiRegion'>, string>
> = {
  createdAt: 'created_unix_ms',
  manager: 'manager',
  multiRegionType: 'multi_region_type',
  origin: 'origin',
  spec: 'spec',
  state: 'state',
  usage: 'usage',
};

/** What policy lacks of a key that is not looked up. */
const FACTS_OFF: readonly string[] = ['aliases', ...Object.values(DESCRIBED), 'tags'].sort();

/** A source key that the caller left out. */
export const UNKNOWN_KEY: KeyFacts = Object.freeze({
  known: false,
  requestedKeyId: '',
  keyIdForm: '',
  keyArn: '',
  partition: '',
  account: '',
  region: '',
  keyId: '',
  alias: '',
  aliases: Object.freeze([]),
  tags: Object.freeze({}),
  spec: '',
  usage: '',
  origin: '',
  manager: '',
  state: '',
  multiRegion: false,
  multiRegionType: '',
  createdAt: 0,
  factsOff: Object.freeze([]),
});

/**
 * Looks up one key id in KMS, without a cache.
 * @throws Refusal INVALID_REQUEST (no field named), KMS_KEY_NOT_FOUND, or KEY_FACTS_UNAVAILABLE if a fact
 * that is switched on could not be fetched: so an empty value always means "there is none".
 */
export function createLookUp(directory: KeyDirectory, settings: FactSettings) {
  return async (text: string, signal: AbortSignal): Promise<KeyFacts> => {
    const id = parseKeyId(text);
    if (!id) throw new Refusal('INVALID_REQUEST', { sentence: KEY_ID_RULE });
    if (!settings.describe) return undescribed(text, id);
    const key = await directory.describeKey(text, signal).catch(unlessNotFound);
    const place = placeOf(key, id);
    const listable = settings.ownAccount === '' || settings.ownAccount === place.account;
    const wanted = { tags: settings.tags && listable, aliases: settings.aliases && listable };
    const [tags, aliases] = await Promise.all([
      wanted.tags ? directory.listResourceTags(key.arn, signal) : {},
      wanted.aliases ? directory.listAliases(key.arn, signal) : [],
    ]).catch(unavailable);
    checkSize({ key, tags, aliases });
    return freeze({
      ...facts(text, id),
      ...place,
      ...described(key),
      tags,
      aliases,
      factsOff: off(wanted),
    });
  };
}

function off(wanted: { readonly tags: boolean; readonly aliases: boolean }): readonly string[] {
  return (['aliases', 'tags'] as const).filter((fact) => !wanted[fact]);
}

/**
 * Rules about account or Region would miss a key whose ARN cannot be read. And if KMS described another key
 * than the one asked for, one key could be judged and another used.
 */
function placeOf({ arn, keyId }: KeyDescription, asked: KeyId) {
  const named = typeof arn === 'string' ? parseKeyId(arn) : undefined;
  if (named?.form !== 'key_arn')
    return unavailable(new Error('KMS answered with a key id that is not a key ARN'));
  if (named.keyId !== keyId || !answers(named, asked)) {
    return unavailable(new Error(`KMS described another key than the one asked for: ${arn}`));
  }
  const { partition, region, account } = named;
  return { partition, region, account };
}

/** Whether they agree in every part that the key id has. */
function answers(named: KeyId, asked: KeyId): boolean {
  const said = ['partition', 'region', 'account', 'keyId'] as const;
  return said.every((part) => asked[part] === '' || asked[part] === named[part]);
}

/** A key has 50 tags and 50 aliases at most, and every call writes all of it into two log entries. */
const MOST_CHARACTERS = 64 * 1024;

function checkSize(found: object): void {
  const { length } = JSON.stringify(found);
  if (length > MOST_CHARACTERS) unavailable(new Error(`KMS says ${length} characters of a key`));
}

function facts(text: string, id: KeyId): KeyFacts {
  return { ...UNKNOWN_KEY, known: true, requestedKeyId: text, keyIdForm: id.form, alias: id.alias };
}

function described({ arn, ...key }: KeyDescription) {
  return { ...key, keyArn: arn };
}

function undescribed(text: string, id: KeyId): KeyFacts {
  if (id.form !== 'key_arn') {
    const sentence = 'must be a key ARN, because this proxy does not look keys up (keys.describe)';
    throw new Refusal('INVALID_REQUEST', { sentence });
  }
  const { partition, region, account, keyId } = id;
  // KMS gives this prefix to multi-Region keys and to no others.
  const multiRegion = keyId.startsWith('mrk-');
  const place = { partition, region, account };
  return freeze({
    ...facts(text, id),
    ...place,
    keyArn: text,
    keyId,
    multiRegion,
    factsOff: FACTS_OFF,
  });
}

function freeze(key: KeyFacts): KeyFacts {
  return Object.freeze({
    ...key,
    aliases: Object.freeze([...key.aliases]),
    tags: Object.freeze({ ...key.tags }),
    factsOff: Object.freeze([...key.factsOff]),
  });
}

function unlessNotFound(thrown: unknown): never {
  const refusal = toRefusal(thrown);
  if (refusal.reason === 'KMS_KEY_NOT_FOUND') throw refusal;
  return unavailable(refusal);
}

/** The cause and the time to retry come from KMS; for the call it means that policy cannot be asked. */
function unavailable(thrown: unknown): never {
  const { kmsError, kmsRequestId, reason, retryAfterMs } = toRefusal(thrown);
  if (reason === 'CANCELLED' || reason === 'DEADLINE_EXCEEDED') throw thrown;
  const details = { kmsError, kmsRequestId, retryAfterMs, cause: thrown };
  throw new Refusal('KEY_FACTS_UNAVAILABLE', details);
}
