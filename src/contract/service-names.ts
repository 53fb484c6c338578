import type { ReEncryptServiceDefinition } from '../gen/kms/reencrypt/v1/ReEncryptService.ts';

/** The service of the wire contract, as gRPC names it. */
export const SERVICE_NAME = 'kms.reencrypt.v1.ReEncryptService';

/** Health checking, as gRPC names it. */
export const HEALTH_SERVICE = 'grpc.health.v1.Health';

/** The older name is what grpcurl and many other clients still ask for first. */
export const REFLECTION_SERVICES = [
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
] as const;

type Named<Name> = string extends Name ? never : number extends Name ? never : Name;

/** Each of its RPCs; the generated type also allows any other name. */
export type Rpc = keyof { [Name in keyof ReEncryptServiceDefinition as Named<Name>]: never };
