import { hash, type KeyObject, X509Certificate } from 'node:crypto';
import { type Bundles, checkAuthorities, MOST_NAMES_BYTES, splitPem } from './material.ts';

/** The trust domains that vouch for a peer, from all certificates that it sent, its own first. */
export type Vouching = (sent: readonly X509Certificate[]) => readonly string[];

/** Each is verified against each CA; OpenSSL lets a peer send hundreds. */
const SENT_AT_MOST = 10;

/** Of one trust domain. SPIRE servers have two each; a thousand took 0.1 s of every handshake. */
const MOST_AUTHORITIES = 100;

/** The bundles in `all` that are wanted and usable; `onAlarm` is called for each unusable one. */
export function pickBundles(
  all: Bundles,
  wanted: readonly string[],
  onAlarm: (error: Error) => void,
): Bundles {
  const picked = new Map<string, string>();
  // Each has its share of the names, or one domain could keep everyone out.
  const nameBytes = Math.floor(MOST_NAMES_BYTES / wanted.length);
  for (const domain of wanted) {
    try {
      const pem = all.get(domain) ?? '';
      checkAuthorities(pem, { count: MOST_AUTHORITIES, nameBytes });
      picked.set(domain, pem);
    } catch (cause) {
      onAlarm(new Error(`there is no good bundle of the trust domain ${domain}`, { cause }));
    }
  }
  return picked;
}

/**
 * TLS verifies a peer against the CAs of all trust domains at once, and so would let each of them name the
 * workloads of every other. A domain vouches for a peer when one of its CAs has signed the peer's chain,
 * and no CA outside the domain has signed anything that was sent: then the path that OpenSSL has verified,
 * with all its constraints, can only end at a CA of this domain.
 * https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md#5-validation
 */
export function createVouching(bundles: Bundles): Vouching {
  const domains = [...bundles].map(([name, pem]) => ({ name, keys: keysOf(pem) }));
  const all = new Map(domains.flatMap(({ keys }) => [...keys]));

  return (sent) => {
    if (sent.length > SENT_AT_MOST) return [];
    const signed = (chain: readonly X509Certificate[], key: KeyObject): boolean =>
      chain.some((one) => one.verify(key));
    const signers = [...all].filter(([, key]) => signed(sent, key));
    const chain = chainOf(sent);
    return domains
      .filter(({ keys }) => signers.every(([id]) => keys.has(id)))
      .filter(({ keys }) => [...keys.values()].some((key) => signed(chain, key)))
      .map(({ name }) => name);
  };
}

/** The peer's own certificate, followed by those that each signed the one before. */
function chainOf(sent: readonly X509Certificate[]): readonly X509Certificate[] {
  const chain = sent.slice(0, 1);
  for (let last = chain[0]; last; ) {
    const below = last;
    last = sent.find((one) => !chain.includes(one) && below.verify(one.publicKey));
    if (last) chain.push(last);
  }
  return chain;
}

function keysOf(pem: string): ReadonlyMap<string, KeyObject> {
  return new Map(
    splitPem(pem).map((authority) => {
      const { publicKey } = new X509Certificate(authority);
      const spki = publicKey.export({ type: 'spki', format: 'der' });
      return [hash('sha256', spki, 'hex'), publicKey] as const;
    }),
  );
}
