import { expect, test } from 'vitest';
import { readLimits, tooFewFiles } from '../../src/app/open-files.ts';
import { loadConfig } from '../../src/config/load.ts';
import { startProxy } from '../helpers/proxy.ts';

const configOf = (...settings: string[]) =>
  loadConfig({ file: 'config/demo.yaml', settings, env: {} });
const limitsOf = (soft: string) => `Limit            Soft Limit  Hard Limit  Units
Max cpu time     unlimited   unlimited   seconds
Max open files   ${soft}        524288      files
`;
const few = ['grpc.connections.max=60', 'kms_json.max_connections=60'];

test.each([
  ['1024', [], 'may have 1024 open files, but its doors may need 3024'],
  ['1024', few, ''],
  ['1019', few, 'may have 1019 open files, but its doors may need 1020'],
  ['1020', few, ''],
  [
    '1079',
    [...few, 'grpc.listeners=[{"listen":"unix:/tmp/a.sock","identity":"a"}]'],
    'may need 1080',
  ],
  ['524288', [], ''],
  ['unlimited', [], ''],
] as const)(
  'a limit of %s open files is warned of only if the doors may need more (%j)',
  (most, settings, told) => {
    const warning = tooFewFiles(configOf(...settings), limitsOf(most));
    if (told === '') expect(warning).toBe('');
    else expect(warning).toContain(told);
  },
);

test.runIf(/^Max open files +\d/m.test(readLimits()))('a start warns of too few', async () => {
  const proxy = await startProxy(['grpc.connections.max=1000000000000']);
  expect(proxy.logged.join('')).toContain(' open files, but its doors may need ');
  await proxy.stop();
});

test('a system that does not tell the limit is not warned of', () => {
  expect(tooFewFiles(configOf(), '')).toBe('');
});

test.runIf(process.platform === 'linux')('the limit of this process can be read', () => {
  expect(readLimits()).toMatch(/^Max open files +\d+/m);
});
