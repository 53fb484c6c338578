import { expect, test } from 'vitest';
import { findDangers } from '../../src/life/dangers.ts';

test.each([
  ['--inspect'],
  ['--inspect-brk=0.0.0.0:9229'],
  ['--inspect-port=1'],
  ['--inspect_brk'],
  ['--debug-port=1'],
  ['--tls-keylog=/tmp/keys'],
  ['--tls-min-v1.0'],
  ['--tls-max-v1.2'],
  ['--trace-tls'],
  ['--insecure-http-parser'],
  ['--heapsnapshot-signal=SIGUSR2'],
  ['--heapsnapshot-near-heap-limit=1'],
  ['--report-on-signal'],
  ['--report-uncaught-exception'],
  ['--abort-on-uncaught-exception'],
])('Node’s option %s is refused, given directly or by NODE_OPTIONS', (flag) => {
  for (const environment of [
    { env: {}, execArgv: [flag] },
    { env: { NODE_OPTIONS: `--enable-source-maps ${flag}` }, execArgv: [] },
  ]) {
    expect(findDangers(environment)).toEqual([expect.stringContaining(`option ${flag} `)]);
  }
});

test.each(['"--tls-keylog=/tmp/a b"', '--tls-"key\\log=/tmp/a b"', '"--tls-keylog=/tmp/a b'])(
  'quotes as in NODE_OPTIONS=%s hide nothing',
  (option) => {
    const env = { NODE_OPTIONS: `--title="a \\"b" ${option}` };
    expect(findDangers({ env, execArgv: [] })).toEqual([
      expect.stringContaining('option --tls-keylog=/tmp/a b '),
    ]);
  },
);

test.each([
  [{ NODE_TLS_REJECT_UNAUTHORIZED: '0' }, 'pose as KMS'],
  [{ GRPC_TRACE: 'all' }, 'tokens included'],
  [{ NODE_DEBUG: 'fs,http2' }, 'what connections carry'],
  [{ NODE_DEBUG: 'htt*' }, 'what connections carry'],
])('the environment %j is refused', (env, says) => {
  expect(findDangers({ env, execArgv: [] })).toEqual([expect.stringContaining(says)]);
});

test('an ordinary environment is fine, a hardened one too', () => {
  const execArgv = [
    '--permission',
    '--allow-fs-read=.',
    '--disable-proto=delete',
    '--no-memory-reducer',
    '--max-semi-space-size=4',
  ];
  const env = { NODE_TLS_REJECT_UNAUTHORIZED: '1', NODE_OPTIONS: '', NODE_ENV: 'production' };
  expect(findDangers({ env, execArgv })).toEqual([]);
});

test('all dangers are reported at once', () => {
  const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_OPTIONS: '--inspect --trace-tls' };
  expect(findDangers({ env, execArgv: [] })).toHaveLength(3);
});
