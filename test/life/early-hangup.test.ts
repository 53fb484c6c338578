import process from 'node:process';
import { expect, test } from 'vitest';
import { createFolder } from '../audit/world.ts';
import { startChild } from '../interop/helpers/child.ts';

/** Sends the process SIGHUP as soon as it begins to load what serves. */
const HANGUP = `import { registerHooks } from 'node:module';
registerHooks({
  resolve(name, context, next) {
    if (/serve\\.ts$/.test(name)) process.kill(process.pid, 'SIGHUP');
    return next(name, context);
  },
});`;

test('SIGHUP does not end a start', async () => {
  await using folder = createFolder();
  const free = ['grpc.listen', 'kms_json.listen', 'probe.listen'].map((at) => `${at}=127.0.0.1:0`);
  const quick = [`audit.file=${folder.file}`, 'life.lame_duck_ms=0'];
  const settings = [...free, ...quick].flatMap((set) => ['--set', set]);
  const preload = `--import=data:text/javascript,${encodeURIComponent(HANGUP)}`;
  const serve = ['src/main.ts', 'serve', '--config', 'config/demo.yaml', ...settings];
  const child = startChild(process.execPath, [preload, ...serve]);
  await child.matches(/gRPC on/);
  expect(await child.stop()).toBe(0);
});
