import type { KeyFacts } from '../call.ts';
import type { Check, Checked } from '../check.ts';
import type { CheckReEncryptRequest__Output } from '../gen/kms/reencrypt/v1/CheckReEncryptRequest.ts';
import type { CheckReEncryptResponse } from '../gen/kms/reencrypt/v1/CheckReEncryptResponse.ts';
import type { ResolvedKey } from '../gen/kms/reencrypt/v1/ResolvedKey.ts';
import type { HandlerTools } from './handler-tools.ts';
import { readRequest } from './re-encrypt.ts';
import type { UnaryMethod } from './unary.ts';

/** `CheckReEncrypt`: what policy would decide, and why. */
export function checkReEncryptMethod(
  check: Check,
  tools: Pick<HandlerTools, 'turnedAway'>,
): UnaryMethod<CheckReEncryptRequest__Output, CheckReEncryptResponse> {
  return {
    method: 'CheckReEncrypt',
    action: 'kms:CheckReEncrypt',
    perform: async ({ request }, envelope) => {
      return toResponse(await check(readRequest(request, envelope, tools)));
    },
  };
}

function toResponse({ call, keys, decision, refusal }: Checked): CheckReEncryptResponse {
  return {
    allow: refusal === undefined,
    reason: refusal?.reason ?? '',
    reasons: decision.reasons.map(({ code, message, side }) => ({ code, message, side })),
    rule: decision.rule,
    revision: decision.revision,
    ...(keys.source.known && { source: toKey(keys.source) }),
    destination: toKey(keys.destination),
    decisionId: call.id,
  };
}

function toKey({ requestedKeyId, keyArn, aliases, state }: KeyFacts): ResolvedKey {
  return { requestedKeyId, keyArn, aliases: [...aliases], state };
}
