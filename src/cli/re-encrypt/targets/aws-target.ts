import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type HttpAnswer,
  NoAnswer,
  type SignedCall,
  sendSigned,
} from '../../../kms/aws/cli/signed-call.ts';
import type { Signing } from '../../../kms/aws/cli/signed-headers.ts';
import { messageOf } from '../../../thrown.ts';
import { CliFailure, EXIT_CODE, otherFailure, usageFailure } from '../failure.ts';
import { compactJson } from '../output/json-output.ts';
import { pythonInteger, type Settings } from '../settings.ts';
import { answeredError, responseMembers, serviceFailure } from './aws-answer.ts';
import type { TargetAnswer, TargetCall } from './target.ts';

const DEFAULT_ATTEMPTS = 3;
const BACKOFF_MS = 50;
const MOST_BACKOFF_MS = 20_000;

/** Calls a KMS endpoint as the AWS CLI does: same body, signature, retries and words. @throws CliFailure */
export async function callAws(call: TargetCall): Promise<TargetAnswer> {
  const { settings, parameters, signal } = call;
  const signing = await findSigning(call);
  const signed: SignedCall = {
    endpoint: endpointUrl(settings.endpoint),
    operation: 'ReEncrypt',
    body: compactJson(parameters),
    signing,
    tls: { verify: settings.verifyTls, ca: caBundle(settings) },
    connectTimeoutMs: settings.connectTimeoutMs,
    readTimeoutMs: settings.readTimeoutMs,
    signal,
  };
  const answer = await withRetries({ attempts: mostAttempts(call), signal }, () =>
    sendSigned(signed),
  ).catch((thrown: unknown) => {
    throw thrown instanceof NoAnswer ? noAnswerFailure(thrown, signed.endpoint) : thrown;
  });
  return { response: responseMembers(answer), decisionId: '' };
}

function endpointUrl(endpoint: string): URL {
  const url = URL.parse(endpoint);
  if (url?.hostname) return url;
  throw otherFailure(`Invalid endpoint: ${endpoint}`);
}

async function findSigning({ settings, env }: TargetCall): Promise<Signing | undefined> {
  const { region, sign, profileName } = settings;
  if (region === undefined) {
    throw configurationFailure(
      'NoRegion',
      'You must specify a region. You can also configure your region by running "aws configure".',
    );
  }
  if (!/^$|^(?!-)[A-Za-z\d-]{1,63}(?<!-)$/.test(region)) {
    throw otherFailure(`Provided region_name '${region}' doesn't match a supported format.`);
  }
  if (!sign) return undefined;
  const { profileCredentials } = await import('../../../kms/aws/cli/profile-credentials.ts');
  const credentials = await profileCredentials(profileName, env);
  if (credentials !== undefined) return { region, credentials };
  throw configurationFailure(
    'NoCredentials',
    'Unable to locate credentials. You can configure credentials by running "aws login".',
  );
}

function configurationFailure(code: string, sentence: string): CliFailure {
  return new CliFailure(EXIT_CODE.configuration, sentence, { code });
}

function caBundle({ caBundle: file, verifyTls, endpoint }: Settings): Uint8Array | undefined {
  if (file === undefined || !verifyTls || !/^https:/i.test(endpoint)) return undefined;
  try {
    return readFileSync(file);
  } catch (cause) {
    throw usageFailure(`--ca-bundle: the file ${file} cannot be read: ${messageOf(cause)}`);
  }
}

function mostAttempts({ env, settings }: TargetCall): number {
  const written = env['AWS_MAX_ATTEMPTS'] ?? settings.profile.get('max_attempts');
  const attempts = written === undefined ? DEFAULT_ATTEMPTS : pythonInteger(written);
  if (attempts >= 1) return attempts;
  throw otherFailure(
    `Value provided to "max_attempts": ${attempts} must be an integer greater than or equal to one.`,
  );
}

interface Retries {
  readonly attempts: number;
  readonly signal: AbortSignal;
}

/** Throttling, transient answers and lost connections are tried again after a random, growing pause. */
async function withRetries(
  { attempts, signal }: Retries,
  send: () => Promise<HttpAnswer>,
): Promise<HttpAnswer> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await tryOnce(send);
    if (outcome.done !== undefined) return outcome.done;
    if (attempt >= attempts) throw outcome.failure(attempt - 1);
    if (!outcome.retryable) throw outcome.failure(undefined);
    const longest = Math.min(BACKOFF_MS * 2 ** (attempt - 1), MOST_BACKOFF_MS);
    await delay(Math.random() * longest, undefined, { signal });
  }
}

interface Outcome {
  readonly done?: HttpAnswer;
  readonly retryable: boolean;
  /** Given the retries if no try is left: as the AWS CLI's, the sentence says so whatever the error is. */
  failure(retries: number | undefined): unknown;
}

async function tryOnce(send: () => Promise<HttpAnswer>): Promise<Outcome> {
  try {
    const answer = await send();
    const error = answeredError(answer);
    if (error === undefined) return { done: answer, retryable: false, failure: () => undefined };
    return { retryable: error.retryable, failure: (retries) => serviceFailure(error, retries) };
  } catch (thrown) {
    return { retryable: thrown instanceof NoAnswer, failure: () => thrown };
  }
}

function noAnswerFailure({ kind, message }: NoAnswer, endpoint: URL): CliFailure {
  const url = `"${endpoint.href}"`;
  switch (kind) {
    case 'connect-timeout':
      return otherFailure(`Connect timeout on endpoint URL: ${url}`);
    case 'read-timeout':
      return otherFailure(`Read timeout on endpoint URL: ${url}`);
    case 'closed':
      return otherFailure(
        `Connection was closed before we received a valid response from endpoint URL: ${url}.`,
      );
    case 'tls':
      return otherFailure(`SSL validation failed for ${endpoint.href} ${message}`);
    case 'refused':
      return otherFailure(`Could not connect to the endpoint URL: ${url}`);
  }
}
