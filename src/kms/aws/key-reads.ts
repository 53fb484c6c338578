import {
  DescribeKeyCommand,
  type KeyMetadata,
  type KMSClient,
  paginateListAliases,
  paginateListResourceTags,
} from '@aws-sdk/client-kms';
import type { KeyDescription } from '../../call.ts';
import { type Kms, KmsFault } from '../port.ts';
import { orAbort, partial } from './fault.ts';

type KeyReads = Pick<Kms, 'describeKey' | 'listAliases' | 'listResourceTags'>;

/** The rare calls: facts about keys, always through the SDK. */
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
      const pages = paginateListAliases(
        { client, stopOnSameToken: true },
        { KeyId: keyArn },
        { abortSignal: signal },
      );
      return orAbort(signal, () => collect(pages, ({ Aliases = [] }) => Aliases)).then((aliases) =>
        aliases.flatMap(({ AliasName }) => AliasName ?? []).sort(),
      );
    },

    listResourceTags(keyArn, signal) {
      const pages = paginateListResourceTags(
        { client, stopOnSameToken: true },
        { KeyId: keyArn },
        { abortSignal: signal },
      );
      return orAbort(signal, () => collect(pages, ({ Tags = [] }) => Tags)).then((tags) =>
        toRecord(tags.map(({ TagKey = '', TagValue = '' }) => [TagKey, TagValue])),
      );
    },
  };
}

/** A key has 50 tags and 50 aliases, unless a quota was raised. */
const MOST_ITEMS = 1000;

/** @throws KmsFault if the pages do not end */
async function collect<Page, Item>(
  pages: AsyncIterable<Page>,
  items: (page: Page) => readonly Item[],
): Promise<readonly Item[]> {
  const all: Item[] = [];
  for await (const page of pages) {
    all.push(...items(page));
    if (all.length > MOST_ITEMS) {
      throw new KmsFault('MalformedAnswer', `KMS tells more than ${MOST_ITEMS} of a key`);
    }
  }
  return all;
}

/** Null prototype: a tag may be called `__proto__`. */
function toRecord(entries: readonly (readonly [string, string])[]) {
  const record: Record<string, string> = Object.create(null);
  for (const [key, value] of entries) record[key] = value;
  return Object.freeze(record);
}

function toDescription(metadata: KeyMetadata, arn: string): KeyDescription {
  return Object.freeze({
    arn,
    keyId: metadata.KeyId ?? '',
    spec: metadata.KeySpec ?? '',
    usage: metadata.KeyUsage ?? '',
    origin: metadata.Origin ?? '',
    manager: metadata.KeyManager ?? '',
    state: metadata.KeyState ?? '',
    multiRegion: metadata.MultiRegion ?? false,
    multiRegionType: metadata.MultiRegionConfiguration?.MultiRegionKeyType ?? '',
    createdAt: metadata.CreationDate?.getTime() ?? 0,
  });
}
