import process from 'node:process';
import type { ReEncryptServiceClient } from '../../src/gen/kms/reencrypt/v1/ReEncryptService.ts';
import { FAKE_REGION, type FakeKms, startFakeKms } from './fake-kms.ts';
import { closeAll, connect } from './grpc-client.ts';
import { type RunningProxy, startProxy } from './proxy.ts';

export interface AwsProxy {
  readonly kms: FakeKms;
  readonly proxy: RunningProxy;
  readonly client: ReEncryptServiceClient;
  close(): Promise<void>;
}

interface AwsProxyOptions {
  readonly settings?: readonly string[];
  /** Something between the proxy and KMS: resolves to the URL that the proxy gets for KMS. */
  readonly through?: (kms: FakeKms) => Promise<string>;
}

/** Both ways to send a ReEncrypt to AWS KMS (`kms.aws.transport`); each must withstand every fault. */
export const TRANSPORTS = ['direct', 'sdk'] as const;

/** The proxy with its AWS backend on a fake KMS and a policy that allows, with a client. */
export async function startAwsProxy({
  settings = [],
  through = async ({ url }) => url,
}: AwsProxyOptions = {}): Promise<AwsProxy> {
  process.env['AWS_ACCESS_KEY_ID'] ??= 'AKIDEXAMPLE';
  process.env['AWS_SECRET_ACCESS_KEY'] ??= 'secret';
  const kms = await startFakeKms();
  const proxy = await startProxy([
    'kms.backend=aws',
    `kms.aws.endpoint=${await through(kms)}`,
    `kms.aws.region=${FAKE_REGION}`,
    'policy.source=test/fixtures/policies/echo/bundle.tar.gz',
    ...settings,
  ]);
  const client = connect(proxy.endpoint);
  return {
    kms,
    proxy,
    client,
    async close() {
      closeAll(client);
      await proxy.stop();
      await kms.close();
    },
  };
}
