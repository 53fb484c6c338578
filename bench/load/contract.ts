import { fileURLToPath } from 'node:url';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';

const PROTO = fileURLToPath(new URL('../../proto', import.meta.url));

/** The ReEncrypt method of the wire contract. */
export function loadContract() {
  const loaded = loadSync('kms/reencrypt/v1/reencrypt.proto', { includeDirs: [PROTO] });
  const service = loaded['kms.reencrypt.v1.ReEncryptService'] as ServiceDefinition;
  const method = service['ReEncrypt'];
  if (method === undefined) throw new Error('the contract has no ReEncrypt');
  return method;
}
