import type { ReEncryptServiceDefinition } from '../gen/kms/reencrypt/v1/ReEncryptService.ts';

/** The service of the wire contract, as gRPC names it. */
export const SERVICE_NAME = 'kms.reencrypt.v1.ReEncryptService';

type Named<Name> = string extends Name ? never : number extends Name ? never : Name;

/** Each of its RPCs; the generated type also allows any other name. */
export type Rpc = keyof { [Name in keyof ReEncryptServiceDefinition as Named<Name>]: never };
