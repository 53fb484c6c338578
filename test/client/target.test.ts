import { expect, test } from 'vitest';
import { isProxyTarget, proxyTarget } from '../../src/client/target.ts';

test.each([
  'localhost:50051',
  '127.0.0.1:1',
  '[::1]:65535',
  'a_host.example.:50051',
  'grpc://proxy:50051',
  'GRPCS://proxy:50051',
  'grpcs://proxy:50051/',
  'grpcs://proxy',
  'grpcs://[::1]',
  'unix:/run/proxy.sock',
  'unix:relative.sock',
  'unix:///run/proxy.sock',
  'unix-abstract:proxy',
  'dns:///proxy:50051',
  'ipv4:10.0.0.1:50051',
  'ipv6:[::1]:50051',
])('%s is a valid target', (endpoint) => {
  expect(isProxyTarget(endpoint)).toBe(true);
});

test.each([
  '',
  'proxy',
  'proxy:0',
  'proxy:65536',
  'a proxy:1',
  'http://proxy:1',
  'grpcs://proxy:0',
  'grpcs://user@proxy/path',
  '[::1:50051',
  'xunix:/run/proxy.sock',
  'unix:',
])('%j is no target, which grpc-js would try again and again', (endpoint) => {
  expect(isProxyTarget(endpoint)).toBe(false);
});

test.each([
  ['proxy:1', { target: 'proxy:1', secure: false }],
  ['grpc://proxy:1', { target: 'proxy:1', secure: false }],
  ['grpcs://proxy:1/', { target: 'proxy:1', secure: true }],
  ['GRPCS://proxy:1', { target: 'proxy:1', secure: true }],
])('%s says where the proxy is and whether by TLS', (endpoint, target) => {
  expect(proxyTarget(endpoint)).toEqual(target);
});
