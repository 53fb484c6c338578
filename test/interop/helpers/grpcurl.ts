import { runTool } from './tools.ts';

const PROTOS = ['kms/reencrypt/v1/reencrypt.proto', 'google/rpc/error_details.proto'];

/**
 * One ReEncrypt by grpcurl, with the proto files of the repository.
 * @throws with what grpcurl says of the error, its details decoded.
 */
export function reEncryptByGrpcurl(
  target: string,
  request: object,
  flags: readonly string[] = ['-plaintext'],
): Record<string, unknown> {
  const protos = PROTOS.flatMap((proto) => ['-proto', proto]);
  const method = 'kms.reencrypt.v1.ReEncryptService/ReEncrypt';
  const args = [...flags, '-import-path', 'proto', ...protos, '-d', '@', target, method];
  const printed = runTool('grpcurl', args, { input: JSON.stringify(request) });
  return JSON.parse(printed) as Record<string, unknown>;
}
