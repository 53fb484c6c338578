import type { z } from 'zod';

interface Door {
  readonly listen?: string | undefined;
}

export interface Listening {
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

type Address = readonly [path: (string | number)[], address: string | undefined];

export function addressesOf({ grpc, kms_json: kmsJson, probe, admin }: Listening): Address[] {
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
