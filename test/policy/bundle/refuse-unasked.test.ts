import { expect, it } from 'vitest';
import { readBundle } from '../../../src/policy/bundle/bundle.ts';
import { entriesOf, tarGz } from '../tar.ts';
import { archive } from '../values.ts';

/** It has neither rule. */
const entries = entriesOf(archive('policies/recipes/break-glass/bundle.tar.gz'));
const withRego = (content: string) =>
  readBundle(tarGz([...entries, { name: '/more.rego', content }]));

it.each([
  ['kms/reencrypt/load_errors', 'package kms.reencrypt\n\nload_errors := ["no"]\n'],
  ['system/log/mask', 'package system.log # ours\n\nmask contains "/input/source"\n'],
])('a bundle with a rule for %s that was built so that nobody asks it is refused', (name, rego) => {
  const why = `has a rule for ${name}, and its Wasm no such entrypoint; build it with`;
  expect(() => withRego(rego)).toThrow(why);
});

it.each([
  'package acme\n\nload_errors := ["no"]\n',
  'package system.log\n\ndrop if true\n',
  'package system.logs\n\nmask := 1\n',
  '# not package system.log\npackage acme\n\nmask := 1\n',
])('a bundle with a rule that the proxy does not ask is read: %j', (rego) => {
  expect(withRego(rego).revision).toBe('break-glass-1');
});

it('a bundle with such a rule is read if the proxy does ask it', () => {
  const asked = entriesOf(archive('test/fixtures/policies/mask/bundle.tar.gz'));
  const content = 'package system.log\n\nmask contains "/input/source"\n';
  expect(readBundle(tarGz([...asked, { name: '/more.rego', content }])).revision).toBe(
    'fixture-mask',
  );
});
