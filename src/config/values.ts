import { Buffer } from 'node:buffer';
import { z } from 'zod';
import { isLocal } from '../addresses/loopback.ts';
import { LONGEST_TIMER_MS } from '../longest-timer.ts';

/** unix(7): the kernel's field for it has 108 bytes with the zero at its end. */
const MOST_SOCKET_BYTES = 107;

/** `host:port`, `[v6]:port` or `unix:/absolute/path`. */
export const address = z
  .string()
  .regex(
    /^(unix:\/.+|\[[0-9a-fA-F:]+\]:\d{1,5}|[^:\s/]+:\d{1,5})$/,
    'must be host:port, [v6]:port or unix:/absolute/path',
  )
  .refine(
    (text) => text.startsWith('unix:') || Number(/\d*$/.exec(text)?.[0]) <= 65_535,
    'must have a port of 65535 at most',
  )
  .refine(
    (text) => !text.startsWith('unix:') || Buffer.byteLength(text) - 5 <= MOST_SOCKET_BYTES,
    `must have a socket path of ${MOST_SOCKET_BYTES} bytes at most`,
  );

/** A path of the local file system; relative ones are relative to the working directory. */
export const path = z.string().min(1);

/** The delay of a timer. */
export const milliseconds = (fallback: number, least = 0) =>
  z
    .int()
    .min(least)
    .max(LONGEST_TIMER_MS, `must be ${LONGEST_TIMER_MS} at most, 24 days`)
    .default(fallback);

/** A duration compared with the clock, so not bounded by Node's timers. */
export const age = (fallback: number, least = 0) => z.int().min(least).default(fallback);

/** An address that only this host can reach. */
export const localAddress = address.refine(isLocal, 'must be on loopback or a Unix socket');

/** A service that is asked by `fetch`, which refuses a URL with a password, and shows it in the error. */
export const serviceUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
  .refine((text) => !hasPassword(text), 'must have no user name and no password');

function hasPassword(text: string): boolean {
  const { username = '', password = '' } = URL.parse(text) ?? {};
  return username !== '' || password !== '';
}
