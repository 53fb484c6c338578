import { FAKE_REGION, type FakeKms, startFakeKms } from '../../helpers/fake-kms.ts';
import { closeAll, connect } from '../../helpers/grpc-client.ts';
import { startProxy } from '../../interop/helpers/proxy.ts';

/** The proxy with its AWS backend in a process of its own, so that its timing is its own too. */
export interface ProxyApart {
  readonly client: ReturnType<typeof connect>;
  readonly kms: FakeKms;
  readonly pid: number;
  close(): Promise<void>;
}

export async function startProxyApart(
  transport: string,
  through = async ({ url }: FakeKms): Promise<string> => url,
  settings: readonly string[] = [],
): Promise<ProxyApart> {
  const kms = await startFakeKms();
  const proxy = await startProxy({
    settings: [
      'kms.backend=aws',
      `kms.aws.endpoint=${await through(kms)}`,
      `kms.aws.region=${FAKE_REGION}`,
      `kms.aws.transport=${transport}`,
      'policy.source=test/fixtures/policies/echo/bundle.tar.gz',
      'life.lame_duck_ms=0',
      'life.drain_ms=200',
      ...settings,
    ],
    env: { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' },
  });
  const client = connect(proxy.grpc);
  return {
    client,
    kms,
    pid: proxy.child.pid,
    async close() {
      closeAll(client);
      await proxy.stop();
      await kms.close();
    },
  };
}
