import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { connect, reEncrypt } from '../../helpers/grpc-client.ts';
import { startProxy } from '../../interop/helpers/proxy.ts';
import { requestFor } from './request.ts';

/** After every batch of entries a checkpoint is printed, as a line of about 700 bytes. */
const TALKATIVE = [
  `audit.origin=${'log.example/'.padEnd(250, 'x')}`,
  'audit.checkpoint.every_entries=1',
  'audit.durability=write',
  'life.lame_duck_ms=0',
];
/** More than a third are followed by a line: far more than a pipe and our own buffer hold. */
const CALLS = 2_500;

describe('a collector of logs that has stopped', () => {
  test.each([
    ['standard error', []],
    ['standard output', ['audit.checkpoint.stdout=true']],
  ])(
    'reading %s holds up neither calls nor exit, and is told what it missed',
    async (where, more) => {
      const proxy = await startProxy({ settings: [...TALKATIVE, ...more] });
      const client = connect(proxy.grpc);
      const request = await requestFor(proxy);
      const callOften = async () => {
        for (let call = 0; call < CALLS; call += 1) await reEncrypt(client, request);
      };

      proxy.child.listen(false);
      await callOften();
      expect((await fetch(`${proxy.probe}/livez`)).status).toBe(200);
      proxy.child.listen(true);
      await proxy.child.matches(
        new RegExp(`"lines":[1-9]\\d*,"msg":"lines were lost: nobody read ${where}"`),
      );

      proxy.child.listen(false);
      await callOften();
      client.close();
      process.kill(proxy.child.pid, 'SIGTERM');
      expect(await proxy.child.exit()).toBe(0);
      proxy.child.listen(true);
      await proxy.stop();
    },
  );
});
