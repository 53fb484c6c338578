import { pickBundles } from './bundles.ts';
import type { TlsFiles } from './files.ts';
import { type Bundles, checkPair, type TlsMaterial, type TlsPair } from './material.ts';
import { followWorkloadApi, type WorkloadApi } from './workload-api.ts';
import { readBundles, readSvid } from './workload-messages.ts';

interface SpiffeTlsOptions extends WorkloadApi {
  readonly clientCertificates: TlsMaterial['clientCertificates'];
  /** Trust domains whose workloads are accepted; if empty, only the proxy's own. */
  readonly trustDomains: readonly string[];
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

export interface SpiffeTls extends TlsMaterial {
  trustDomain(): string;
  close(): void;
}

/**
 * Certificate, key and CAs from the SPIFFE Workload API, which sends new ones before the old end.
 * @throws Error when there is no good certificate within `firstMs`
 */
export async function createSpiffeTls(options: SpiffeTlsOptions): Promise<SpiffeTls> {
  const { clientCertificates, now, onAlarm } = options;
  const read = (bytes: Buffer, before?: object) => {
    const { trustDomain, cert, key, bundle, federated } = readSvid(bytes);
    const wanted = options.trustDomains.length > 0 ? options.trustDomains : [trustDomain];
    const bundles = pickBundles(new Map([...federated, [trustDomain, bundle]]), wanted, onAlarm);
    const pair = checkPair({ cert, key }, now());
    if (!before || wanted.includes(trustDomain)) refuseNone(bundles);
    return { trustDomain, pair: { ...pair, ...authorities(bundles, wanted) } };
  };
  const { current, onChange, close } = await followWorkloadApi(options, {
    method: 'FetchX509SVID',
    read,
  });
  return {
    clientCertificates,
    current: () => current().pair,
    onChange: (listener) => onChange(({ pair }) => listener(pair)),
    trustDomain: () => current().trustDomain,
    close,
  };
}

/**
 * Certificate and key from files, and CAs from the Workload API.
 * @throws Error when there are no good CAs within `firstMs`
 */
export async function withSpiffeBundles(
  files: TlsFiles,
  options: WorkloadApi & Pick<SpiffeTlsOptions, 'trustDomains' | 'now'>,
): Promise<TlsFiles> {
  const { trustDomains: wanted, onAlarm, now } = options;
  const read = (bytes: Buffer, before?: object) => {
    const all = readBundles(bytes);
    const bundles = pickBundles(all, wanted, onAlarm);
    checkPair(files.current(), now());
    if (!before || wanted.some((domain) => all.has(domain))) refuseNone(bundles);
    return authorities(bundles, wanted);
  };
  const bundles = await followWorkloadApi(options, { method: 'FetchX509Bundles', read });
  const whole = (pair: TlsPair): TlsPair => ({ ...pair, ...bundles.current() });
  return {
    ...files,
    current: () => whole(files.current()),
    onChange(listener) {
      files.onChange((pair) => listener(whole(pair)));
      bundles.onChange(() => listener(whole(files.current())));
    },
    close() {
      files.close();
      bundles.close();
    },
  };
}

/**
 * What once had CAs may come to have none: then the domain, or all of them, are no longer trusted. But there must be
 * some at the start, and bad ones of ours, or of a service that gives nothing else, are a mistake.
 * @throws Error if there are none
 */
function refuseNone(bundles: Bundles): void {
  if (bundles.size === 0) throw new Error('there is no CA certificate');
}

/** If only one trust domain is wanted, TLS verifies against its CAs and no others. */
function authorities(bundles: Bundles, wanted: readonly string[]): Pick<TlsPair, 'ca' | 'bundles'> {
  const ca = [...bundles.values()].join('');
  return wanted.length > 1 ? { ca, bundles } : { ca };
}
