import {
  type ChannelCredentials,
  type ChannelOptions,
  type Client,
  type ClientReadableStream,
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import protobuf from 'protobufjs';
import type { ReEncryptRequest } from '../../src/gen/kms/reencrypt/v1/ReEncryptRequest.ts';
import type { ReEncryptResponse__Output } from '../../src/gen/kms/reencrypt/v1/ReEncryptResponse.ts';
import type { ReEncryptServiceClient } from '../../src/gen/kms/reencrypt/v1/ReEncryptService.ts';
import type { ProtoGrpcType } from '../../src/gen/reencrypt.ts';

const OPTIONS = { longs: String, enums: String, defaults: true, oneofs: true } as const;
const loaded = loadSync('kms/reencrypt/v1/reencrypt.proto', { includeDirs: ['proto'], ...OPTIONS });
const types = loadPackageDefinition(loaded) as GrpcObject & ProtoGrpcType;
const root = new protobuf.Root();
root.resolvePath = (_origin, target) => (target.startsWith('/') ? target : `proto/${target}`);
root.loadSync(['google/rpc/status.proto', 'google/rpc/error_details.proto']);

export interface Told {
  readonly code: number;
  readonly message: string;
  readonly decisionId: string;
  readonly pushback: string | undefined;
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly fields: readonly { readonly field: string; readonly description: string }[];
  readonly retries: boolean;
}

/** A stock grpc-js client of the service, not the project's own. */
export function connect(
  address: string,
  creds: ChannelCredentials = credentials.createInsecure(),
  options: ChannelOptions = {},
): ReEncryptServiceClient {
  return new types.kms.reencrypt.v1.ReEncryptService(address, creds, options);
}

export function reEncrypt(
  client: ReEncryptServiceClient,
  request: ReEncryptRequest,
  deadlineMs = 10_000,
): Promise<ReEncryptResponse__Output> {
  return new Promise((resolve, reject) => {
    client.ReEncrypt(request, { deadline: Date.now() + deadlineMs }, (error, response) =>
      error || !response ? reject(error) : resolve(response),
    );
  });
}

/** Trailing metadata of a successful stream. Its status may come before its last message is read. */
export async function endOf(stream: ClientReadableStream<unknown>): Promise<Metadata> {
  const [trailers] = await Promise.all([
    new Promise<Metadata>((resolve, reject) => {
      stream.on('error', reject);
      stream.on('status', ({ code, metadata }) => code === status.OK && resolve(metadata));
    }),
    new Promise((resolve) => stream.on('end', resolve)),
  ]);
  return trailers;
}

/** What a refused call received, with its details decoded. */
export async function refusalOf(call: Promise<unknown>): Promise<Told> {
  const error = await call.then(
    () => {
      throw new Error('the call was not refused');
    },
    (thrown: ServiceError) => thrown,
  );
  return told(error);
}

function told({ code, details, metadata = new Metadata() }: ServiceError): Told {
  const [bin] = metadata.get('grpc-status-details-bin');
  const parts = Buffer.isBuffer(bin) ? detailsOf(bin) : [];
  const find = (name: string) => parts.find((part) => part.type === name)?.value;
  const info = find('google.rpc.ErrorInfo');
  return {
    code,
    message: details,
    decisionId: String(metadata.get('decision_id')[0] ?? ''),
    pushback: metadata.get('grpc-retry-pushback-ms')[0]?.toString(),
    reason: info?.['reason'] ?? '',
    metadata: info?.['metadata'] ?? {},
    fields: find('google.rpc.BadRequest')?.['fieldViolations'] ?? [],
    retries: find('google.rpc.RetryInfo') !== undefined,
  };
}

// biome-ignore lint/suspicious/noExplicitAny: decoded messages are plain objects of any shape
export function detailsOf(bin: Buffer): { type: string; value: Record<string, any> }[] {
  const decoded = root.lookupType('google.rpc.Status').decode(bin).toJSON();
  const details: { '@type': string }[] = decoded['details'] ?? [];
  return details.map((value) => ({ type: value['@type'].split('/')[1] ?? '', value }));
}

export function closeAll(...clients: readonly Client[]): void {
  for (const client of clients) client.close();
}
