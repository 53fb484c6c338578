import * as sdk from '@aws-sdk/client-kms';
import type { Driver } from './driver.ts';

interface SdkDriverOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly account: string;
  /** Principal → the access key id that stands for it. */
  readonly accessKeys?: Readonly<Record<string, string>>;
}

type Command = new (input: object) => Parameters<sdk.KMSClient['send']>[0];

/** A KMS behind an endpoint, called by the stock AWS SDK. */
export function sdkDriver(options: SdkDriverOptions): Driver {
  const { endpoint, accessKeys = {} } = options;
  const commands = sdk as unknown as Readonly<Record<string, Command>>;
  const driver = (region: string, accessKeyId: string): Driver => {
    const client = new sdk.KMSClient({
      endpoint,
      region,
      maxAttempts: 1,
      credentials: { accessKeyId, secretAccessKey: 'secret' },
    });
    return {
      region,
      account: options.account,
      call: async (operation, input) => {
        const Operation = commands[`${operation}Command`];
        if (!Operation) throw new Error(`the SDK has no ${operation}`);
        const { $metadata: _, ...output } = await client.send(new Operation(input ?? {}));
        return output as never;
      },
      as: (caller) =>
        driver(caller.region ?? region, accessKeys[caller.principal ?? ''] ?? accessKeyId),
    };
  };
  return driver(options.region, 'test');
}
