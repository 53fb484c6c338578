import type { CheckReEncryptResponse__Output } from '../gen/kms/reencrypt/v1/CheckReEncryptResponse.ts';
import type { DecisionReason__Output } from '../gen/kms/reencrypt/v1/DecisionReason.ts';
import type { ResolvedKey__Output } from '../gen/kms/reencrypt/v1/ResolvedKey.ts';
import type { Run } from './command.ts';
import { EXIT_CODE, usageFailure } from './re-encrypt/failure.ts';
import { formatValue } from './re-encrypt/output/format.ts';
import { withProxy } from './re-encrypt/targets/proxy-target.ts';
import { isHttp } from './re-encrypt/targets/target.ts';
import { toWireRequest } from './re-encrypt/targets/wire-request.ts';
import type { Value } from './re-encrypt/values/value.ts';
import { withArguments } from './re-encrypt/with-arguments.ts';

/** Shows what policy decides of the same call, without performing it. Exits 0 if it allows, else 254. */
export const run: Run = withArguments('check', async ({ call, terminal }) => {
  const { endpoint, output, color, query } = call.settings;
  if (isHttp(endpoint)) {
    throw usageFailure(
      'check asks a proxy: --endpoint-url must be <hostname>:<port> or unix:<path>',
    );
  }
  const request = toWireRequest(call.parameters);
  const decision = await withProxy(call, (client, options) =>
    client.checkReEncrypt({ request }, options),
  );
  const whole = toValue(decision);
  const shown = query ? query(whole) : whole;
  return {
    output: formatValue(shown, { format: output, color, title: 'Check', stdout: terminal.stdout }),
    exitCode: decision.allow ? EXIT_CODE.ok : EXIT_CODE.service,
  };
});

function toValue(decision: CheckReEncryptResponse__Output): Value {
  const { allow, reason, reasons, rule, revision, source, destination, decisionId } = decision;
  const members: readonly (readonly [string, Value])[] = [
    ['Allow', allow],
    ['Reason', reason],
    ['Reasons', reasons.map(reasonValue)],
    ['Rule', rule],
    ['Source', keyValue(source)],
    ['Destination', keyValue(destination)],
    ['Revision', revision],
    ['DecisionId', decisionId],
  ];
  return new Map(members.filter(([, value]) => value !== '' && value !== null));
}

function reasonValue({ code, message, side }: DecisionReason__Output): Value {
  return new Map([
    ['Code', code],
    ['Message', message],
    ['Side', side],
  ]);
}

function keyValue(key: ResolvedKey__Output | null): Value {
  if (key === null) return null;
  return new Map<string, Value>([
    ['RequestedKeyId', key.requestedKeyId],
    ['KeyArn', key.keyArn],
    ['Aliases', key.aliases],
    ['State', key.state],
  ]);
}
