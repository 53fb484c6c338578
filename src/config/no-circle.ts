import type { z } from 'zod';
import { isLoopback } from '../loopback.ts';
import { addressesOf, type Listening } from './one-door-each.ts';

interface Forwarding extends Listening {
  readonly kms: {
    readonly backend: string;
    readonly aws: { readonly endpoint?: string | undefined };
  };
}

/** No endpoint of KMS that is one of the proxy's own listeners: each call would come back as another. */
export function noCircle({ value, issues }: z.core.ParsePayload<Forwarding>): void {
  const { backend, aws } = value.kms;
  const url = backend === 'aws' ? URL.parse(aws.endpoint ?? '') : null;
  if (url === null) return;
  const own = addressesOf(value).find(([, address]) => address && leadsTo(url, address));
  if (own === undefined) return;
  const message = `is ${own[0].join('.')}, the proxy itself`;
  issues.push({ code: 'custom', message, path: ['kms', 'aws', 'endpoint'], input: value });
}

const EVERYWHERE = ['0.0.0.0', '[::]'];

function leadsTo({ protocol, hostname, port }: URL, address: string): boolean {
  const [, host = '', ownPort] = /^([^/]+):(\d+)$/.exec(address) ?? [];
  if (Number(ownPort) !== Number(port || (protocol === 'https:' ? 443 : 80))) return false;
  if (host === hostname) return true;
  if (EVERYWHERE.includes(host)) return isLoopback(hostname);
  return [host, hostname].includes('localhost') && isLoopback(host) && isLoopback(hostname);
}
