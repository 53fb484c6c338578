import { createHash } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { type AwsProxy, startAwsProxy } from '../../helpers/aws-proxy.ts';
import { reEncrypt } from '../../helpers/grpc-client.ts';
import { createWorld } from '../../simulation/world.ts';
import { reportTrials, SEED, trials } from '../trials.ts';

const ALIASES = ['alias/from', 'alias/to'] as const;
const KEYS = ['11111111', '22222222', '33333333'] as const;
const AT_ONCE = 5;

describe.each(['resolved', 'requested'])('F12, keys.forward: %s', (forward) => {
  test('repointing an alias at any step never releases a result of a key that was not judged', async () => {
    const count = trials(1000);
    const aws = await startAwsProxy({
      settings: [`keys.forward=${forward}`, 'keys.ttl_ms=0'],
    });
    const world = createWorld(SEED);
    let repointed = 0;
    aws.kms.watch(() => {
      if (!world.chance(0.3)) return;
      repointed += 1;
      const id = `${world.pick(KEYS)}-12ab-34cd-56ef-1234567890ab`;
      aws.kms.repoint(world.pick(ALIASES), id);
    });
    const released = new Map<string, Pair | undefined>();
    for (let done = 0; done < count; done += AT_ONCE) {
      const names = Array.from({ length: AT_ONCE }, (_, n) => `call ${done + n}`);
      const all = names.map(async (name) => released.set(digest(name), await race(aws, name)));
      await Promise.all(all);
    }
    const [judged, sent] = [judgedBy(aws), sentBy(aws)];
    await aws.close();
    let withheld = 0;
    for (const [call, pair] of released) {
      if (forward === 'resolved') expect(sent.get(call)).toEqual(judged.get(call));
      if (pair) expect(pair).toEqual(judged.get(call));
      else withheld += 1;
    }
    // Sending the judged ARNs loses no race; given aliases, KMS itself may use another key.
    expect(withheld > 0).toBe(forward === 'requested');
    reportTrials({
      fault: `F12 ${forward} (${withheld} withheld)`,
      trials: released.size,
      injections: repointed,
    });
  });
});

/** Source and destination. */
type Pair = readonly [unknown, unknown];

/** Each call has its own ciphertext, by which it is found at KMS and in the log. */
async function race({ client }: AwsProxy, name: string): Promise<Pair | undefined> {
  const [sourceKeyId, destinationKeyId] = ALIASES;
  const request = { ciphertextBlob: Buffer.from(name), sourceKeyId, destinationKeyId };
  try {
    const answer = await reEncrypt(client, request);
    return [answer.sourceKeyId, answer.keyId];
  } catch (error) {
    expect(error).toMatchObject({ code: status.FAILED_PRECONDITION });
    return undefined;
  }
}

function judgedBy({ proxy }: AwsProxy): ReadonlyMap<string, Pair> {
  const intents = proxy.entries().filter(({ kind }) => kind === 'intent');
  return new Map(
    intents.map((entry) => {
      const { source, destination, request } = (entry as unknown as Intent).input;
      return [request.ciphertext_sha256, [source.key_arn, destination.key_arn]];
    }),
  );
}

function sentBy({ kms }: AwsProxy): ReadonlyMap<string, Pair> {
  const sent = kms.requests.filter(({ operation }) => operation === 'ReEncrypt');
  return new Map(
    sent.map(({ body }) => [
      digest(Buffer.from(String(body['CiphertextBlob']), 'base64')),
      [body['SourceKeyId'], body['DestinationKeyId']],
    ]),
  );
}

interface Intent {
  readonly input: {
    readonly source: { readonly key_arn: string };
    readonly destination: { readonly key_arn: string };
    readonly request: { readonly ciphertext_sha256: string };
  };
}

const digest = (ciphertext: string | Buffer): string =>
  createHash('sha256').update(ciphertext).digest('hex');
