import { runTool } from './tools.ts';

const PROTOS = ['kms/reencrypt/v1/reencrypt.proto', 'google/rpc/error_details.proto'];

interface GrpcurlCall {
  readonly method: string;
  readonly message: object;
  readonly flags?: readonly string[];
}

/**
 * One call by grpcurl, with the proto files of the repository.
 * @throws with grpcurl's report of the error, its details decoded.
 */
export function callByGrpcurl(
  target: string,
  { method, message, flags = ['-plaintext'] }: GrpcurlCall,
): Record<string, unknown> {
  const protos = PROTOS.flatMap((proto) => ['-proto', proto]);
  const path = `kms.reencrypt.v1.ReEncryptService/${method}`;
  const args = [...flags, '-import-path', 'proto', ...protos, '-d', '@', target, path];
  return JSON.parse(runTool('grpcurl', args, { input: JSON.stringify(message) }));
}

export const reEncryptByGrpcurl = (
  target: string,
  message: object,
  flags: readonly string[] = ['-plaintext'],
): Record<string, unknown> => callByGrpcurl(target, { method: 'ReEncrypt', message, flags });
