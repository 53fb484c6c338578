import process from 'node:process';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { withManifest } from '../../policy/tar.ts';
import { EXAMPLE, withData } from '../../policy/values.ts';
import { fileOf, policy } from './run-policy.ts';

const EVIL = '\u001b[2J\nforged';
const rule = { id: `r${EVIL}`, source: { keys: ['*'] }, destination: { keys: ['*'] } };
const grant = { kinds: ['anonymous'], rules: [rule] };
const data = withData({ kms_reencrypt: { principals: { anonymous: grant } } });
const BUNDLE = fileOf('b.tar.gz', withManifest(data, { revision: `x${EVIL}` }));
const INPUT = JSON.stringify({
  principal: { id: '', kind: 'anonymous', authenticated: false },
  source: { alias: `alias/${EVIL}`, encryption_context: { tenant: EVIL } },
});

it.each([
  `check ${BUNDLE}`,
  `explain ${BUNDLE} --input -`,
  `diff ${EXAMPLE} ${BUNDLE} --samples -`,
])('no text of a bundle or an input reaches the terminal as it is: %s', async (args) => {
  const { out, err } = await policy(args, INPUT);
  expect(out).toContain('\\u{1b}[2J\\u{a}forged');
  expect(`${out}${err}`).not.toMatch(/(?!\n)\p{Cc}|^forged/mu);
});

it('a packed file that is one endless line is named, and not read into memory', async () => {
  const mib = gzipSync(Buffer.alloc(1 << 20));
  const bomb = fileOf('bomb.jsonl.gz', Buffer.concat(Array(600).fill(mib)));
  const before = process.memoryUsage().rss;
  const { code, err } = await policy(`replay ${EXAMPLE} ${bomb}`);
  expect(code).toBe(1);
  expect(err).toContain('bomb.jsonl.gz, line 1 is not an entry');
  expect(process.memoryUsage().rss - before).toBeLessThan(300 << 20);
});
