import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KMSClient } from '@aws-sdk/client-kms';
import { onTestFinished } from 'vitest';
import type { Call } from '../../../src/call.ts';
import type { Refusal } from '../../../src/errors.ts';
import type { Pipeline, Released } from '../../../src/pipeline.ts';
import { createKmsJsonHandler, type KmsJsonOptions } from '../../../src/server/kms-json/handler.ts';
import { aPermit, DESTINATION_ARN, SOURCE_ARN } from '../../kms/permits.ts';

export const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
export const DECISION = '5f0c1c3e-1111-4222-8333-444455556666';

/** What the pipeline releases in these tests. */
export function released(call: Call): Released {
  const { keys, decision } = aPermit();
  const answer = {
    ciphertext: Uint8Array.of(9, 8, 7),
    sourceKeyArn: SOURCE_ARN,
    destinationKeyArn: DESTINATION_ARN,
    sourceAlgorithm: 'SYMMETRIC_DEFAULT',
    destinationAlgorithm: 'SYMMETRIC_DEFAULT',
    sourceKeyMaterialId: 'a'.repeat(64),
    destinationKeyMaterialId: '',
    dryRun: call.dryRun,
    requestId: '',
    attempts: 1,
    latencyNs: 1,
  };
  return { call, principal: ANYONE, keys, decision, answer };
}

const ANYONE: Released['principal'] = {
  id: '',
  kind: 'anonymous',
  authenticated: false,
  spiffe: { trustDomain: '', path: '' },
  attributes: {},
};

/** The handler on a real server; `calls` are those that reached the pipeline. */
export async function serveHandler(options: Partial<KmsJsonOptions> = {}) {
  const calls: Call[] = [];
  const turnedAway: Refusal[] = [];
  const pipeline: Pipeline = async (call) => {
    calls.push(call);
    return released(call);
  };
  const server = createServer(
    createKmsJsonHandler({
      pipeline,
      turnedAway: (refusal) => turnedAway.push(refusal),
      onInternal: () => {},
      accessKeys: new Map(),
      maxClockSkewMs: 300_000,
      deadlineMs: 5_000,
      now: Date.now,
      newId: () => DECISION,
      ...options,
    }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = (accessKeyId = 'AKIDAPP', secretAccessKey = SECRET, more = {}) =>
    new KMSClient({
      endpoint,
      region: 'eu-west-1',
      maxAttempts: 1,
      credentials: { accessKeyId, secretAccessKey },
      ...more,
    });
  return { endpoint, client, calls, turnedAway };
}

export const REQUEST = {
  CiphertextBlob: Uint8Array.of(1, 2, 3),
  SourceKeyId: 'alias/app',
  SourceEncryptionContext: { tenant: 'ä' },
  DestinationKeyId: 'alias/app-new',
  DestinationEncryptionContext: { tenant: 'b' },
  GrantTokens: ['token'],
};

export async function post(endpoint: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'TrentService.ReEncrypt',
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, json: JSON.parse(await response.text()) };
}
