import { current, type Key, type Material, stateOf } from './key.ts';
import { algorithmsOf, type KeyUsage } from './spec.ts';

const ALGORITHM_MEMBERS = {
  ENCRYPT_DECRYPT: 'EncryptionAlgorithms',
  SIGN_VERIFY: 'SigningAlgorithms',
  GENERATE_VERIFY_MAC: 'MacAlgorithms',
  KEY_AGREEMENT: 'KeyAgreementAlgorithms',
} as const satisfies Record<KeyUsage, string>;

/** The list of algorithms under the member that the key's usage calls for. */
export function algorithmsMember(key: Key): Readonly<Record<string, readonly string[]>> {
  return { [ALGORITHM_MEMBERS[key.usage]]: algorithmsOf(key.spec, key.usage) };
}

/** KeyMetadata as DescribeKey answers it: members without a value are absent. */
export function keyMetadata(key: Key) {
  const state = stateOf(key);
  return {
    AWSAccountId: key.account,
    KeyId: key.keyId,
    Arn: key.arn,
    CreationDate: new Date(key.createdAt),
    Enabled: state === 'Enabled',
    Description: key.description,
    KeyUsage: key.usage,
    KeyState: state,
    Origin: key.origin,
    KeyManager: 'CUSTOMER',
    CustomerMasterKeySpec: key.spec,
    KeySpec: key.spec,
    ...algorithmsMember(key),
    ...deletionMembers(key),
    ...importMembers(key),
    MultiRegion: key.multiRegion !== undefined,
    ...(key.multiRegion && { MultiRegionConfiguration: multiRegionConfiguration(key) }),
    ...(key.spec === 'SYMMETRIC_DEFAULT' &&
      current(key) && { CurrentKeyMaterialId: current(key)?.id }),
  };
}

function deletionMembers({ deletion }: Key) {
  if (!deletion) return {};
  return deletion.at === undefined
    ? { PendingDeletionWindowInDays: deletion.windowInDays }
    : { DeletionDate: new Date(deletion.at) };
}

function importMembers(key: Key) {
  const material = current(key);
  return key.origin === 'EXTERNAL' && material ? expirationMembers(material) : {};
}

/** Of imported material: when it ends, if ever. */
export function expirationMembers({ validTo, secret }: Material) {
  if (!secret) return {};
  return validTo === undefined
    ? { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' }
    : { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: new Date(validTo) };
}

function multiRegionConfiguration(key: Key) {
  const member = ({ arn, region }: Key) => ({ Arn: arn, Region: region });
  const primary = key.family.members.find(({ multiRegion }) => multiRegion === 'PRIMARY');
  return {
    MultiRegionKeyType: key.multiRegion,
    ...(primary && { PrimaryKey: member(primary) }),
    ReplicaKeys: key.family.members
      .filter(({ multiRegion }) => multiRegion === 'REPLICA')
      .map(member),
  };
}
