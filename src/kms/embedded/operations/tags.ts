import { requireState } from '../model/find.ts';
import { managedKey, ownKey } from '../model/manage.ts';
import { addTags } from '../model/tags.ts';
import { page } from '../page.ts';
import { required, structure } from '../shape/collections.ts';
import * as shapes from '../shape/shapes.ts';
import { operation } from './operation.ts';

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_TagResource.html */
export const tagResource = operation(
  structure({ KeyId: required(shapes.keyId), Tags: required(shapes.tags) }),
  (world, input, caller) => {
    const key = managedKey(world, input.KeyId, { caller, action: 'TagResource' });
    requireState(key, 'Disabled', 'PendingImport');
    addTags(key.tags, input.Tags);
    world.changed();
    return {};
  },
);

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_UntagResource.html */
export const untagResource = operation(
  structure({ KeyId: required(shapes.keyId), TagKeys: required(shapes.tagKeys) }),
  (world, input, caller) => {
    const key = managedKey(world, input.KeyId, { caller, action: 'UntagResource' });
    requireState(key, 'Disabled', 'PendingImport');
    for (const name of input.TagKeys) key.tags.delete(name);
    world.changed();
    return {};
  },
);

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_ListResourceTags.html */
export const listResourceTags = operation(
  structure({ KeyId: required(shapes.keyId), ...shapes.paging }),
  (world, input, caller) => {
    const key = ownKey(world, input.KeyId, { caller, action: 'ListResourceTags' });
    const all = [...key.tags.keys()].sort();
    const { items, rest } = page(all, input, { idOf: (name) => name, usual: 50 });
    const tags = items.map((name) => ({ TagKey: name, TagValue: key.tags.get(name) ?? '' }));
    return { Tags: tags, ...rest };
  },
);
