import {
  DescribeKeyCommand,
  type KeyMetadata,
  type KMSClient,
  ListAliasesCommand,
  ListResourceTagsCommand,
} from '@aws-sdk/client-kms';
import type { KeyDescription } from '../../call.ts';
import { type Kms, KmsFault } from '../port.ts';
import { orAbort, partial } from './fault.ts';

type KeyReads = Pick<Kms, 'describeKey' | 'listAliases' | 'listResourceTags'>;

/**
 * The rare calls: facts about keys, always through the SDK, which returns what is in the JSON, whatever its
 * type. A fact that is not what KMS's API says was not obtained: an empty one must mean that there is none.
 */
export function createKeyReads(client: KMSClient): KeyReads {
  return {
    async describeKey(keyId, signal) {
      const command = new DescribeKeyCommand({ KeyId: keyId });
      const answer = await orAbort(signal, () => client.send(command, { abortSignal: signal }));
      const { KeyMetadata: metadata } = answer;
      if (!metadata?.Arn) throw partial('DescribeKey without a key', answer);
      return toDescription(metadata, metadata.Arn);
    },

    listAliases(keyArn, signal) {
      const page = async (Marker: string | undefined) => {
        const command = new ListAliasesCommand({ KeyId: keyArn, Marker });
        const answer = await client.send(command, { abortSignal: signal });
        return { ...answer, items: answer.Aliases };
      };
      return orAbort(signal, () => collect(page)).then((aliases) =>
        aliases.map((alias) => named(alias?.AliasName)).sort(),
      );
    },

    listResourceTags(keyArn, signal) {
      const page = async (Marker: string | undefined) => {
        const command = new ListResourceTagsCommand({ KeyId: keyArn, Marker });
        const answer = await client.send(command, { abortSignal: signal });
        return { ...answer, items: answer.Tags };
      };
      return orAbort(signal, () => collect(page)).then((tags) =>
        toRecord(tags.map((tag) => [named(tag?.TagKey), text(tag?.TagValue)])),
      );
    },
  };
}

interface Page<Item> {
  readonly items: readonly Item[] | undefined;
  readonly Truncated?: boolean | undefined;
  readonly NextMarker?: string | undefined;
}

/** A key has 50 tags and 50 aliases, unless a quota was raised. */
const MOST_ITEMS = 1000;
/** Each is a request that counts against the account's quota. */
const MOST_PAGES = 100;

/** @throws KmsFault if the pages do not end, or not all of them can be had */
async function collect<Item>(
  ask: (marker: string | undefined) => Promise<Page<Item>>,
): Promise<readonly Item[]> {
  const all: Item[] = [];
  let marker: string | undefined;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const { items, Truncated, NextMarker } = await ask(marker);
    if (!Array.isArray(items)) throw unreadable('KMS answered without the list that was asked for');
    all.push(...items);
    if (all.length > MOST_ITEMS) break;
    if (!Truncated) return all;
    if (typeof NextMarker !== 'string' || NextMarker === '' || NextMarker === marker)
      throw unreadable('KMS has more to tell of a key, and does not say where');
    marker = NextMarker;
  }
  throw unreadable(`KMS tells more than ${MOST_ITEMS} items or ${MOST_PAGES} pages of a key`);
}

/** Null prototype: a tag may be called `__proto__`. */
function toRecord(entries: readonly (readonly [string, string])[]) {
  const record: Record<string, string> = Object.create(null);
  for (const [key, value] of entries) record[key] = value;
  return Object.freeze(record);
}

function toDescription(metadata: KeyMetadata, arn: string): KeyDescription {
  const { MultiRegion = false, CreationDate } = metadata;
  if (typeof MultiRegion !== 'boolean')
    throw unreadable('KMS answered with a fact of another type');
  // Every key is in one, and a policy would take none for a proxy that was told not to ask.
  if (!metadata.KeyState) throw unreadable('KMS answered with a key that is in no state');
  return Object.freeze({
    arn: text(arn),
    keyId: text(metadata.KeyId),
    spec: text(metadata.KeySpec),
    usage: text(metadata.KeyUsage),
    origin: text(metadata.Origin),
    manager: text(metadata.KeyManager),
    state: text(metadata.KeyState),
    multiRegion: MultiRegion,
    multiRegionType: text(metadata.MultiRegionConfiguration?.MultiRegionKeyType),
    createdAt: CreationDate?.getTime() || 0,
  });
}

/** A member that is absent is ''. @throws KmsFault if it is not text */
function text(member: unknown): string {
  if (member === undefined || typeof member === 'string') return member ?? '';
  throw unreadable('KMS answered with a fact of another type');
}

/** The same of a member that is never absent nor empty. */
function named(member: unknown): string {
  const name = text(member);
  if (name === '') throw unreadable('KMS answered with a tag or an alias that has no name');
  return name;
}

function unreadable(message: string): KmsFault {
  return new KmsFault('MalformedAnswer', message, { httpStatus: 200 });
}
