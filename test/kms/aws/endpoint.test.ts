import { afterEach, describe, expect, it, vi } from 'vitest';
import { createAwsBackend } from '../../../src/kms/aws/backend.ts';
import { checkEndpoint, ignoredEndpoints } from '../../../src/kms/aws/endpoint.ts';
import { startFakeKms } from '../../helpers/fake-kms.ts';

afterEach(() => void vi.unstubAllEnvs());

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };

describe('an endpoint', () => {
  it.each([
    'https://kms.eu-west-1.amazonaws.com',
    'https://vpce-1.kms.eu-west-1.vpce.amazonaws.com/',
    'http://127.0.0.1:4566',
    'http://127.1.2.3:4566',
    'http://[::1]:4566',
    'http://localhost:4566',
  ])('may be %s', (endpoint) => {
    expect(checkEndpoint(endpoint).href).toContain('://');
  });

  it.each([
    ['http://kms.eu-west-1.amazonaws.com', 'https'],
    ['http://localhost.example.com', 'https'],
    ['http://127.0.0.1.example.com', 'https'],
    ['http://10.0.0.1:4566', 'https'],
    ['ftp://127.0.0.1', 'https'],
    ['kms.eu-west-1.amazonaws.com', 'URL'],
    ['https://host/path', 'host and port alone'],
    ['https://user@host', 'host and port alone'],
    ['https://host/?a=b', 'host and port alone'],
  ])('may not be %s', (endpoint, right) => {
    expect(() => checkEndpoint(endpoint)).toThrow(new RegExp(`^kms\\.aws\\.endpoint: .*${right}`));
  });
});

describe('an endpoint from the environment', () => {
  it('is ignored with a warning unless the configuration names it', () => {
    const env = { AWS_ENDPOINT_URL_KMS: 'https://elsewhere.example', AWS_ENDPOINT_URL: '' };
    expect(ignoredEndpoints(env, undefined)).toEqual([
      'AWS_ENDPOINT_URL_KMS=https://elsewhere.example is ignored: kms.aws.endpoint does not name it',
    ]);
    expect(ignoredEndpoints(env, new URL('https://elsewhere.example'))).toEqual([]);
    expect(ignoredEndpoints(env, new URL('https://other.example'))).toHaveLength(1);
  });

  it('gets no signed call', async () => {
    const elsewhere = await startFakeKms();
    vi.stubEnv('AWS_ENDPOINT_URL_KMS', elsewhere.url);
    vi.stubEnv('AWS_ENDPOINT_URL', elsewhere.url);
    const warnings: string[] = [];
    const kms = await createAwsBackend({
      region: 'zz-nowhere-1',
      credentials,
      env: process.env,
      warn: (sentence) => warnings.push(sentence),
    });
    const signal = AbortSignal.timeout(300);
    await expect(kms.describeKey('alias/a', signal)).rejects.toThrow();
    expect(elsewhere.requests).toEqual([]);
    expect(warnings).toHaveLength(2);
    await kms.close();
    await elsewhere.close();
  });
});

describe('the start', () => {
  const settings = { credentials, env: {}, warn: () => {} };

  it.each([undefined, 'https://kms.eu-west-1.amazonaws.com'])(
    'fails if allow_embedded is set with the endpoint %s',
    async (endpoint) => {
      const place = { region: 'eu-west-1', endpoint };
      const start = createAwsBackend({ ...settings, ...place, allowEmbedded: true });
      await expect(start).rejects.toThrow('kms.aws.allow_embedded: needs a loopback');
    },
  );

  it('fails if no region is configured', async () => {
    vi.stubEnv('AWS_REGION', undefined);
    vi.stubEnv('AWS_DEFAULT_REGION', undefined);
    const start = createAwsBackend(settings);
    await expect(start).rejects.toThrow('kms.aws.region: set it, or AWS_REGION');
  });
});
