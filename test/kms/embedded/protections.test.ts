import { expect, it } from 'vitest';
import { openEmbeddedKms } from '../../../src/kms/embedded/open.ts';
import { requireLoopback } from '../../../src/kms/embedded/protections.ts';

const settings = { region: 'us-east-1', account: '000000000000', in_production: false };

function opening(env: Record<string, string>, inProduction = false) {
  const warnings: string[] = [];
  const open = () =>
    openEmbeddedKms(
      { ...settings, in_production: inProduction },
      { env, warn: (sentence) => warnings.push(sentence) },
    );
  return { open, warnings };
}

it.each([{ NODE_ENV: 'production' }, { KUBERNETES_SERVICE_HOST: '10.0.0.1' }])(
  'refuses to start with %o',
  (env) => {
    const { open } = opening(env);
    expect(open).toThrow(new RegExp(`not for production.*${Object.keys(env)[0]}`));
  },
);

it('one override, of either kind, is not enough to start; both are', () => {
  const env = { NODE_ENV: 'production' };
  const said = { ...env, EMBEDDED_KMS_IN_PRODUCTION: '1' };
  expect(opening(env, true).open).toThrow('not for production');
  expect(opening(said, false).open).toThrow('not for production');
  expect(opening(said, true).open().caller.region).toBe('us-east-1');
});

it('ambient AWS credentials are named in a warning and ignored, their values never shown', () => {
  const { open, warnings } = opening({ AWS_SECRET_ACCESS_KEY: 'hush', AWS_PROFILE: 'prod' });
  open();
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain('AWS_SECRET_ACCESS_KEY, AWS_PROFILE');
  expect(warnings[0]).not.toContain('hush');
});

it('starts without a warning on a laptop', () => {
  const { open, warnings } = opening({ NODE_ENV: 'development' });
  open();
  expect(warnings).toEqual([]);
});

it.each(['127.0.0.1:1', '127.9.9.9:80', '[::1]:1', 'localhost:1', 'unix:/run/a.sock'])(
  '%s is loopback',
  (address) => requireLoopback('listen', address),
);

it.each(['0.0.0.0:1', '[::]:1', '10.0.0.1:1', 'example.org:1', '127.0.0.1.example.org:1'])(
  '%s is not',
  (address) => expect(() => requireLoopback('listen', address)).toThrow(/listen is /),
);
