import type { ConditionValues } from './condition.ts';
import { accountOf } from './principal.ts';
import type { Request } from './request.ts';

/** The condition keys of AWS's Service Authorization Reference that a request here has values for. */
export function conditionValues(request: Request): ConditionValues {
  return (key) => {
    const name = key.toLowerCase();
    const [prefix = '', ...rest] = name.split(/(?<=^kms:encryptioncontext:|^aws:resourcetag\/)/);
    if (prefix === 'kms:encryptioncontext:') return contextValue(request, rest.join(''));
    if (prefix === 'aws:resourcetag/') return one(request.key.tags.get(key.slice(prefix.length)));
    return Object.hasOwn(VALUES, name) ? VALUES[name]?.(request) : undefined;
  };
}

const one = (value: string | undefined) => (value === undefined ? undefined : [value]);

const VALUES: Readonly<Record<string, (request: Request) => readonly string[] | undefined>> = {
  'kms:encryptioncontextkeys': ({ context }) => {
    const keys = Object.keys(context ?? {});
    return keys.length > 0 ? keys : undefined;
  },
  'kms:encryptionalgorithm': ({ algorithm }) => one(algorithm),
  'kms:reencryptonsamekey': ({ sameKey }) =>
    sameKey === undefined ? undefined : [String(sameKey)],
  'kms:requestalias': ({ requested = '' }) => one(/(?:^|:)(alias\/.+)$/.exec(requested)?.[1]),
  'kms:calleraccount': ({ caller }) => [caller.account],
  'kms:keyorigin': ({ key }) => [key.origin],
  'kms:keyspec': ({ key }) => [key.spec],
  'kms:keyusage': ({ key }) => [key.usage],
  'kms:multiregion': ({ key }) => [String(key.multiRegion !== undefined)],
  'kms:multiregionkeytype': ({ key }) => one(key.multiRegion),
  'aws:principalarn': ({ caller }) => [caller.principal],
  'aws:principalaccount': ({ caller }) => one(accountOf(caller.principal)),
};

/** Condition key names ignore case, and the context key is a part of the name. */
function contextValue({ context = {} }: Request, wanted: string): readonly string[] | undefined {
  const values = Object.entries(context)
    .filter(([key]) => key.toLowerCase() === wanted)
    .map(([, value]) => value);
  return values.length > 0 ? values : undefined;
}
