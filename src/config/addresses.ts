import type { z } from 'zod';
import { isLocal, isLoopback } from '../addresses/loopback.ts';

interface Door {
  readonly listen?: string | undefined;
}

interface Listening {
  readonly grpc: Door & {
    readonly listeners: readonly Door[];
    readonly channelz_listen?: string | undefined;
  };
  readonly kms_json: Door;
  readonly probe: Door;
  readonly admin: Door;
}

/** No two of the proxy's listeners at one address: the second could not open. Port 0 is a new one each time. */
export function oneDoorEach({ value, issues }: z.core.ParsePayload<Listening>): void {
  const taken = new Map<string, string>();
  for (const [path, address] of addressesOf(value)) {
    if (address === undefined || address.endsWith(':0')) continue;
    const other = taken.get(address);
    if (other === undefined) taken.set(address, path.join('.'));
    else
      issues.push({ code: 'custom', message: `${other} is at ${address} too`, path, input: value });
  }
}

/** Doors that take no calls may be reached from elsewhere. */
const WITHOUT_CALLS = new Set(['probe', 'admin', 'channelz_listen']);

/** An embedded KMS is for this host alone, so whatever takes calls for it listens on loopback. */
export function embeddedDoors({
  value,
  issues,
}: z.core.ParsePayload<Listening & { readonly kms: { readonly backend: string } }>): void {
  if (value.kms.backend !== 'embedded') return;
  for (const [path, address] of addressesOf(value)) {
    if (address === undefined || isLocal(address)) continue;
    if (path.some((name) => WITHOUT_CALLS.has(`${name}`))) continue;
    const message = 'must be on loopback, because nobody else may reach an embedded KMS';
    issues.push({ code: 'custom', message, path, input: value });
  }
}

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

type Address = readonly [path: (string | number)[], address: string | undefined];

function addressesOf({ grpc, kms_json: kmsJson, probe, admin }: Listening): Address[] {
  return [
    [['grpc', 'listen'], grpc.listen],
    ...grpc.listeners.map(
      ({ listen }, index): Address => [['grpc', 'listeners', index, 'listen'], listen],
    ),
    [['grpc', 'channelz_listen'], grpc.channelz_listen],
    [['kms_json', 'listen'], kmsJson.listen],
    [['probe', 'listen'], probe.listen],
    [['admin', 'listen'], admin.listen],
  ];
}
