import type { z } from 'zod';
import { isLocal } from '../loopback.ts';
import { addressesOf, type Listening } from './one-door-each.ts';

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
