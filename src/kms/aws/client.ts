import { KMSClient, type KMSClientConfig } from '@aws-sdk/client-kms';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { boundedAnswer } from './bounded-answer.ts';
import { boundProvider } from './bounded-provider.ts';
import { boundRequests } from './bounded-requests.ts';
import { createLookUp } from './http/look-up.ts';
import { refuseEndless } from './refuse-endless.ts';
import type { Renewal } from './renewal.ts';
import { type CredentialsWatch, type Expiring, renewCredentials } from './renewed-credentials.ts';
import { checkCredentials } from './signer.ts';

export interface ClientOptions {
  /** Else the SDK's own rules: AWS_REGION, the profile. */
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  /** Else the default provider chain. */
  readonly credentials?: KMSClientConfig['credentials'];
}

/** More than the calls that may be in flight, so no call waits for a socket. */
export const MOST_SOCKETS = 512;
export const CONNECT_TIMEOUT_MS = 2000;
/**
 * How long a connection may rest. A NAT gateway or load balancer forgets one that rests for longer without telling
 * us, and each that was forgotten costs a call. A handshake costs more than many calls, so it is not shorter.
 */
export const IDLE_MS = 20_000;
/** The longest deadline that a call may have; nobody waits for a request that runs longer. */
export const REQUEST_TIMEOUT_MS = 30_000;

/**
 * The SDK's client with its own retries off: the proxy's budget is the only one. Without
 * `throwOnRequestTimeout` a request timeout is only logged.
 */
export function createClient(
  { region, endpoint, credentials }: ClientOptions,
  renewal: Renewal,
  watch: CredentialsWatch = {},
): KMSClient {
  const agent = { maxSockets: MOST_SOCKETS, timeout: IDLE_MS, lookup: createLookUp() };
  const client = new KMSClient({
    maxAttempts: 1,
    ignoreConfiguredEndpointUrls: true,
    credentialDefaultProvider: (init) =>
      renewal.wrap(
        renewCredentials(
          boundProvider(() =>
            boundRequests(checked(defaultProvider({ ...init, ignoreCache: true }))),
          ),
          watch,
        ),
      ),
    streamCollector: boundedAnswer,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: agent,
    },
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
  });
  boundClock(client.config);
  client.middlewareStack.add(
    (next) => (asked) =>
      next(asked).catch((thrown: unknown) => {
        if (thrown instanceof Error) renewal.note(thrown.name);
        throw thrown;
      }),
    { step: 'initialize', name: 'noteRejection' },
  );
  return client;
}

type Provide = ReturnType<typeof defaultProvider>;

/** Asks the source each time: what the SDK itself keeps is not for us to see. */
function checked(provide: Provide): Provide {
  return async (options) => {
    await refuseEndless();
    const provided = await provide({ ...options, forceRefresh: true });
    checkCredentials(provided);
    checkEnd(provided);
    return provided;
  };
}

/** The SDK takes any text of a process for a date, and what ends at no date would be asked for by every call. */
function checkEnd({ expiration }: Expiring): void {
  if (Number.isNaN(expiration?.getTime())) throw new Error('their Expiration is no date');
}

/** No real clock is further off, not even one reset to 1970; after the year 9999 nothing can be signed. */
const MOST_OFF_MS = 100 * 365 * 86_400_000;

/**
 * The SDK sets its clock by the `Date` of any answer, however wrong, and signs every request with it:
 * after a `Date` in the year 275760 no further request could be signed, so none could correct it.
 */
function boundClock(config: KMSClient['config']): void {
  let offset = config.systemClockOffset;
  Object.defineProperty(config, 'systemClockOffset', {
    get: () => offset,
    set(next: number) {
      if (Math.abs(next) <= MOST_OFF_MS) offset = next;
    },
  });
}
