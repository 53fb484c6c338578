import { fault } from '../fault.ts';

interface Tag {
  readonly TagKey: string;
  readonly TagValue: string;
}

const MOST_TAGS = 50;

/** @throws TagException for reserved or repeated tag keys. */
function checkTags(tags: readonly Tag[]): void {
  for (const { TagKey } of tags) {
    if (TagKey.toLowerCase().startsWith('aws:')) {
      throw fault('TagException', 'Tags beginning with aws: are reserved');
    }
  }
  if (new Set(tags.map(({ TagKey }) => TagKey)).size < tags.length) {
    throw fault('TagException', 'Duplicate tag keys');
  }
}

/** Adds tags to those that a key has. @throws TagException when there are too many. */
export function addTags(target: Map<string, string>, tags: readonly Tag[]): void {
  checkTags(tags);
  const keys = new Set([...target.keys(), ...tags.map(({ TagKey }) => TagKey)]);
  if (keys.size > MOST_TAGS) throw fault('TagException', 'Too many tags');
  for (const { TagKey, TagValue } of tags) target.set(TagKey, TagValue);
}
