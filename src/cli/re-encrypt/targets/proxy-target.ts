import { DRY_RUN_SENTENCE } from '../../../aws-json/fault.ts';
import type { CallOptions, Client } from '../../../client/create-client.ts';
import { RefusedError } from '../../../client/refused-error.ts';
import { proxyTarget } from '../../../client/target.ts';
import type { ReEncryptResponse__Output } from '../../../gen/kms/reencrypt/v1/ReEncryptResponse.ts';
import { messageOf } from '../../../thrown.ts';
import { CommandFailure } from '../../command.ts';
import { connect } from '../../connect.ts';
import { CliFailure, EXIT_CODE, otherFailure, usageFailure } from '../failure.ts';
import type { Value, ValueMap } from '../values/value.ts';
import { refusalFailure } from './refusal-failure.ts';
import type { TargetAnswer, TargetCall } from './target.ts';
import { toWireRequest } from './wire-request.ts';

/** Calls the proxy over gRPC. @throws CliFailure */
export async function callProxy(call: TargetCall): Promise<TargetAnswer> {
  const request = toWireRequest(call.parameters);
  const answer = await withProxy(call, (client, options) => client.reEncrypt(request, options));
  if (answer.dryRun) {
    throw new CliFailure(EXIT_CODE.service, DRY_RUN_SENTENCE, {
      code: 'DryRunOperationException',
      calling: {},
      facts: { DecisionId: answer.decisionId },
    });
  }
  return { response: responseMembers(answer), decisionId: answer.decisionId };
}

/** Opens a client for one question and closes it. @throws CliFailure */
export async function withProxy<Answer>(
  { settings, tls, tokenFile, signal }: Omit<TargetCall, 'parameters' | 'env'>,
  ask: (client: Client, options: CallOptions) => Promise<Answer>,
): Promise<Answer> {
  const client = await connect(proxyTarget(settings.endpoint), {
    tls: { caFile: settings.caBundle, verify: settings.verifyTls, ...tls },
    tokenFile,
  }).catch((thrown: unknown) => {
    if (thrown instanceof CommandFailure) throw usageFailure(thrown.message);
    throw otherFailure(messageOf(thrown), thrown);
  });
  const timeoutMs = settings.readTimeoutMs === 0 ? undefined : settings.readTimeoutMs;
  try {
    return await ask(client, { timeoutMs, signal });
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown instanceof RefusedError ? refusalFailure(thrown, settings.endpoint) : thrown;
  } finally {
    client.close();
  }
}

function responseMembers(answer: ReEncryptResponse__Output): ValueMap {
  const algorithm = (name: string) => name.replace('ENCRYPTION_ALGORITHM_', '');
  const members: readonly (readonly [string, Value])[] = [
    ['CiphertextBlob', answer.ciphertextBlob.toString('base64')],
    ['SourceKeyId', answer.sourceKeyId],
    ['KeyId', answer.keyId],
    ['SourceEncryptionAlgorithm', algorithm(answer.sourceEncryptionAlgorithm)],
    ['DestinationEncryptionAlgorithm', algorithm(answer.destinationEncryptionAlgorithm)],
    ['SourceKeyMaterialId', answer.sourceKeyMaterialId],
    ['DestinationKeyMaterialId', answer.destinationKeyMaterialId],
  ];
  return new Map(members.filter(([, value]) => value !== ''));
}
