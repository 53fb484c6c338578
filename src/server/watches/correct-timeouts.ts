import type { IncomingHttpHeaders } from 'node:http2';
import { watchStreams } from './watch-streams.ts';

/** `grpc-timeout`: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests */
const FORM = /^(\d{1,8})([HMSmun])$/;
const UNIT_MS = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 } as const;

/** The most whole hours that a timer of Node can wait. */
const LONGEST = { text: '596H', ms: 596 * UNIT_MS.H } as const;

/** Metadata key that tells a handler of an invalid timeout; callers may not use `grpc-` names. */
export const WRONG_TIMEOUT = 'grpc-timeout-wrong';

/**
 * Corrects `grpc-timeout` before grpc-js reads it, because grpc-js takes `-5S` for five seconds and lets
 * `597H` overflow into a time in the past, with a warning on stderr.
 */
export function correctTimeouts(): { close(): void } {
  return watchStreams({
    created({ headers }) {
      const asked = headers?.['grpc-timeout'];
      if (headers && asked !== undefined) correct(headers, String(asked));
    },
  });
}

function correct(headers: IncomingHttpHeaders, asked: string): void {
  const [, amount, unit] = FORM.exec(asked) ?? [];
  if (amount === undefined) {
    delete headers['grpc-timeout'];
    headers[WRONG_TIMEOUT] = '1';
  } else if (Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS] > LONGEST.ms) {
    headers['grpc-timeout'] = LONGEST.text;
  }
}
