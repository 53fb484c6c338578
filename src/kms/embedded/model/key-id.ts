import { fault, notFound } from '../fault.ts';

/** Who calls, and through which Region's endpoint. */
export interface Caller {
  readonly partition: string;
  readonly account: string;
  readonly region: string;
  /** ARN of the calling principal; the account's root where nothing narrower is known. */
  readonly principal: string;
}

/** A key id of any of the four forms, placed in an account and Region. */
export interface KeyReference {
  readonly form: 'key_id' | 'key_arn' | 'alias_name' | 'alias_arn';
  readonly account: string;
  readonly region: string;
  readonly arn: string;
}

const ARN = /^arn:([a-z][a-z0-9-]*):kms:([a-z0-9-]*):(\d{12}):(?:key\/([^/]+)|(alias\/.+))$/;
const KEY_ID =
  /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/i;

/**
 * @throws NotFoundException for what cannot be a key of the caller's Region, and for an ARN of
 * something else InvalidArnException, unless the operation does not know that.
 */
export function parseKeyId(
  written: string,
  caller: Caller,
  { invalidArn }: { readonly invalidArn: boolean },
): KeyReference {
  if (written.startsWith('arn:')) {
    const reference = parseArn(written, caller);
    if (reference) return reference;
    if (!invalidArn) throw notFound(`Invalid keyId '${written}'`);
    throw fault('InvalidArnException', `${written} is not a valid KMS ARN`);
  }
  const { account, region } = caller;
  if (written.startsWith('alias/')) {
    const arn = arnOf(caller, written);
    return { form: 'alias_name', account, region, arn };
  }
  if (!KEY_ID.test(written)) throw notFound(`Invalid keyId '${written}'`);
  const arn = arnOf(caller, `key/${written}`);
  return { form: 'key_id', account, region, arn };
}

export function arnOf(
  place: { partition: string; region: string; account: string },
  resource: string,
): string {
  return `arn:${place.partition}:kms:${place.region}:${place.account}:${resource}`;
}

function parseArn(written: string, caller: Caller): KeyReference | undefined {
  const [, partition, region = '', account = '', id, alias] = ARN.exec(written) ?? [];
  if (partition === undefined) return undefined;
  if (partition !== caller.partition) throw notFound(`Invalid arn ${partition}`);
  if (region !== caller.region) throw notFound(`Invalid arn ${region}`);
  if (alias !== undefined) {
    return { form: 'alias_arn', account, region, arn: written };
  }
  if (id === undefined || !KEY_ID.test(id)) throw notFound(`Invalid keyId '${id}'`);
  return { form: 'key_arn', account, region, arn: written };
}
