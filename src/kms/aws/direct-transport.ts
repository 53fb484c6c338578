import type { KMSClient } from '@aws-sdk/client-kms';
import { dryRunAnswer } from '../dry-run.ts';
import { KmsFault } from '../port.ts';
import { orNoCredentials } from './fault.ts';
import type { HttpAnswer } from './http/answer-reader.ts';
import { createExchange } from './http/exchange.ts';
import { keepCredentials } from './kept-credentials.ts';
import type { Renewal } from './renewal.ts';
import type { Transport } from './sdk-transport.ts';
import { createSigner } from './signer.ts';
import { decode, encode } from './wire.ts';

/**
 * ReEncrypt around the SDK's middleware, which costs several times what the call itself does. The
 * SDK's resolved configuration still says what is sent where: credentials, region, endpoint and the
 * correction of the clock.
 */
export async function createDirectTransport(
  client: KMSClient,
  renewal: Renewal,
): Promise<{
  readonly reEncrypt: Transport;
  readonly close: () => void;
}> {
  const { config } = client;
  const { url, region } = await whereTo(client);
  const exchange = createExchange(url);
  const credentialsOf = keepCredentials(() => config.credentials(), renewal);
  const sign = createSigner({ host: url.host, region, operation: 'TrentService.ReEncrypt' });

  return {
    async reEncrypt(request) {
      const { signal } = request;
      signal.throwIfAborted();
      const started = performance.now();
      const provided = credentialsOf();
      const credentials =
        provided instanceof Promise ? await orNoCredentials(signal, () => provided) : provided;
      const body = encode(request);
      const headers = sign({ body, credentials, now: Date.now() + config.systemClockOffset });
      const answer = await exchange.post({ headers, body, signal });
      const timing = { latencyNs: Math.round((performance.now() - started) * 1e6) };
      if (answer.status === 200) return decode(answer, timing);
      try {
        correctClock(config, answer);
        return decode(answer, timing);
      } catch (thrown) {
        if (thrown instanceof KmsFault) renewal.note(thrown.code);
        return { ...dryRunAnswer(thrown), ...timing, attempts: 1 };
      }
    },
    close: exchange.close,
  };
}

/** What the SDK itself would ask: its endpoint rules know partitions, FIPS and dual stack. */
async function whereTo({ config }: KMSClient): Promise<{ url: URL; region: string }> {
  const [region, useDualStack, useFips, custom] = await Promise.all([
    config.region(),
    config.useDualstackEndpoint(),
    config.useFipsEndpoint(),
    config.endpoint?.(),
  ]);
  if (custom !== undefined) {
    const { protocol, hostname, port } = custom;
    return {
      url: new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`),
      region,
    };
  }
  const { url } = config.endpointProvider({
    Region: region,
    UseDualStack: useDualStack,
    UseFIPS: useFips,
  });
  return { url, region };
}

const SKEW_LIMIT_MS = 240_000;

/** As the SDK does: a refusal whose date is far from ours moves the clock for the next call. */
function correctClock(config: KMSClient['config'], { date }: HttpAnswer): void {
  // NaN if there is none, and then nothing is done.
  const server = Date.parse(date);
  const ours = Date.now() + config.systemClockOffset;
  if (Math.abs(ours - server) >= SKEW_LIMIT_MS) config.systemClockOffset = server - Date.now();
}
