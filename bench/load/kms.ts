import { startFakeKms } from '../../test/helpers/fake-kms.ts';

/** The fake KMS of the tests, on the given address. */
export async function serveKms(listen: string): Promise<void> {
  const kms = await startFakeKms({ port: Number(listen.slice(listen.lastIndexOf(':') + 1)) });
  // The requests that it records for tests would fill memory here.
  setInterval(() => kms.forget(), 100).unref();
  process.stdout.write(`listening on 127.0.0.1:${kms.port}\n`);
}
