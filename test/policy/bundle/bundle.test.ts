import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readBundle } from '../../../src/policy/bundle/bundle.ts';
import { refuseLostFields } from '../../../src/policy/bundle/manifest.ts';
import { createGeneration } from '../../../src/policy/generation.ts';
import { entriesOf, tarBytes, tarGz, withManifest } from '../tar.ts';
import { archive, EXAMPLE } from '../values.ts';

const good = archive(EXAMPLE);
const entries = entriesOf(good);
const but = (name: string, content: string | Uint8Array) =>
  tarGz(entries.map((entry) => (entry.name === name ? { name, content } : entry)));
const without = (name: string) => tarGz(entries.filter((entry) => entry.name !== name));
const plus = (name: string, type = '0') => tarGz([...entries, { name, content: '{}', type }]);
/** With a file named by these PAX records before it. */
const pax = (records: string) =>
  tarGz([...entries, { name: 'pax', type: 'x', content: records }, { name: '/y', content: '{}' }]);

describe('a bundle', () => {
  it('is read with its revision, module and data', () => {
    const bundle = readBundle(good);
    expect(bundle.revision).toBe('example-2');
    expect(bundle.wasm.length).toBeGreaterThan(100_000);
    expect(JSON.parse(Buffer.from(bundle.data).toString())).toHaveProperty(
      'kms_reencrypt.principals',
    );
  });

  it.each(['', '/', './'])("may have '%s' before its file names", (prefix) => {
    const renamed = entries.map(({ name, ...rest }) => ({
      ...rest,
      name: `${prefix}${name.slice(1)}`,
    }));
    expect(readBundle(tarGz(renamed)).revision).toBe('example-2');
  });

  it('may hold folders, and files that are marked as such in the old way', () => {
    const folders = ['./', 'policies/'].map((name) => ({ name, type: '5' }));
    const old = entries.map((entry) => ({ ...entry, type: '\0' }));
    expect([...readBundle(tarGz([...folders, ...old])).files.keys()]).toEqual(
      entries.map(({ name }) => name.slice(1)),
    );
  });

  it('applies a PAX header to the next file only', () => {
    const named = tarGz([
      { name: 'pax', type: 'x', content: '18 path=data.json\n' },
      { name: '/long', content: '{"from":"pax"}' },
      ...entries.filter(({ name }) => name !== '/data.json'),
    ]);
    expect(Buffer.from(readBundle(named).data).toString()).toBe('{"from":"pax"}');
  });

  // biome-ignore format: a table reads best with a case a line.
  const BAD: readonly [string, Buffer, RegExp][] = [
    ['is no gzip', Buffer.from('hello'), /not a complete gzipped tar/],
    ['is cut short', good.subarray(0, good.length - 100), /not a complete gzipped tar/],
    ['is cut short within a file', gzipSync(tarBytes(good).subarray(0, 520)), /is cut short/],
    ['is empty', tarGz([]), /is empty/],
    ['has no module', without('/policy.wasm'), /no Wasm module for kms\/reencrypt\/decision/],
    ['has no manifest', without('/.manifest'), /no Wasm module for/],
    ['has a manifest that is no JSON', but('/.manifest', '{'), /\.manifest is not JSON/],
    ['has a manifest of another form', but('/.manifest', '{"revision":1}'), /\.manifest is not valid/],
    ['has another entrypoint', withManifest(good, { wasm: [{ entrypoint: 'x', module: '/policy.wasm' }] }), /no Wasm module for/],
    ['has data that is no JSON', but('/data.json', '{]'), /data\.json is not JSON/],
    ['has data that is not UTF-8', but('/data.json', Buffer.from('{"a":"\xff"}', 'latin1')), /data\.json is not JSON/],
    ['has data that is no object', but('/data.json', '[]'), /data\.json is not an object/],
    ['has data elsewhere', plus('/x/data.json'), /data in x\/data\.json/],
    ['has YAML data', plus('/data.yaml'), /data in data\.yaml/],
    ['is a delta', plus('/patch.json'), /is a delta/],
    ['leaves its folder', plus('/../x'), /a file named/],
    ['hides a folder', plus('/a/./x'), /a file named/],
    ['has a backslash', plus('a\\x'), /a file named/],
    ['has a link', plus('/link', '2'), /not a plain file/],
    ['has a hard link', plus('/link', '1'), /not a plain file/],
    ['has a file twice', plus('./data.json'), /data\.json twice/],
    ['has a PAX header of many records', tarGz([{ name: 'x', type: 'x', content: '5 a=\n'.repeat(4000) }, ...entries]), /PAX header that is too large/],
    ['has a PAX header that ends within a record', pax('99 path=y\n'), /PAX header that is damaged/],
    ['has a PAX header with a record of no length', pax('0 path=y\n'), /PAX header that is damaged/],
    ['has a PAX header with a record of a length that is no number', pax('x path=y\n'), /PAX header that is damaged/],
    ['has a PAX header without a record', pax('9'), /PAX header that is damaged/],
    ['has a path in a PAX header that leaves its folder', pax('13 path=../x\n'), /a file named "\.\.\/x"/],
    ['has a file without a name', plus('./'), /a file named "\.\/"/],
    ['has a file named like a folder', plus('/a/'), /a file named/],
    ['has a folder without a name', plus('/a//x'), /a file named/],
    ['has data elsewhere, by a prefix field', tarGz([...entries, { name: 'data.json', content: '{}', prefix: 'x' }]), /data in x\/data\.json/],
    ['ends within its last file', gzipSync(tarBytes(tarGz([...entries, { name: '/x', content: '{}' }])).subarray(0, -1535)), /is cut short/],
    ['has a not_after that is no time', withManifest(good, { metadata: { not_after: 'soon' } }), /\.manifest is not valid: metadata not_after must be a moment such as "2027-01-01T00:00:00Z"$/],
    ['has its end beside the metadata', withManifest(good, { not_after: '2027-01-01T00:00:00Z' }), /there is no not_after: a bundle's end is set by metadata\.not_after$/],
    ...['not_afer', 'not_atfer', 'notAfter', 'not-after', 'NOT_AFTER', 'no_after'].map((slip): [string, Buffer, RegExp] => [
      `spells its end ${slip}`, withManifest(good, { metadata: { [slip]: '2027-01-01T00:00:00Z' } }), new RegExp(`there is no metadata\\.${slip}: a bundle's end is set by metadata\\.not_after$`),
    ]),
  ];
  it.each(BAD)('that %s is refused', (_name, bytes, sentence) => {
    expect(() => readBundle(bytes)).toThrow(sentence);
  });

  it('above the size limit is refused before it is fully unpacked', () => {
    const bomb = tarGz([{ name: 'x', content: Buffer.alloc(8 << 20) }]);
    expect(bomb.length).toBeLessThan(20_000);
    expect(() => readBundle(bomb, { maxBytes: 1 << 20 })).toThrow(/larger than 1048576 bytes/);
  });

  it('may be of 16 MiB unpacked and no more, unless the configuration says so', () => {
    const header = 512;
    const filling = Buffer.alloc((16 << 20) - tarBytes(good).length - header);
    const full = tarGz([...entries, { name: '/filling', content: filling }]);
    expect(readBundle(full).revision).toBe('example-2');
    const oneMore = gzipSync(Buffer.alloc(1));
    expect(() => readBundle(Buffer.concat([full, oneMore]))).toThrow(/larger than 16777216 bytes/);
  });

  it('with any one byte of a tar header changed is refused', () => {
    // A small file has the same header as a large one, and is unpacked five hundred times here.
    const small = tarBytes(tarGz([{ name: '/data.json', content: '{}' }]));
    expect(() => readBundle(gzipSync(small))).toThrow(/no Wasm module for/);
    for (let at = 0; at < 512; at += 1) {
      // The two bytes that end the checksum mean nothing.
      if (at === 154 || at === 155) continue;
      const tar = Buffer.from(small);
      tar[at] = (tar[at] ?? 0) ^ 0x7f;
      expect(() => readBundle(gzipSync(tar, { level: 0 }))).toThrow(/tar header that is damaged/);
    }
  });

  it.each(['-0000000001', '0x000000010', '8', '          '])(
    'whose header gives the size %j, which is no octal number, is refused',
    (size) => {
      const odd = tarGz([{ name: '/data.json', content: '{}', size }]);
      expect(() => readBundle(odd)).toThrow(/tar header that is damaged/);
    },
  );

  it('may have other metadata, and all that OPA allows in a manifest', () => {
    const metadata = { commit: '1a2b', note: 'n', team: { name: 'x' } };
    const fields = { metadata, roots: [''], rego_version: 1, file_rego_versions: {} };
    const bundle = readBundle(withManifest(good, fields));
    expect([bundle.notAfter, bundle.metadata]).toEqual([Infinity, metadata]);
  });

  it('may be built with every field that OPA knows, and no other', () => {
    const opa = {
      revision: 'r',
      roots: [''],
      wasm: [],
      metadata: { anything: 1 },
      rego_version: 1,
      file_rego_versions: {},
    };
    expect(() => refuseLostFields(JSON.stringify(opa))).not.toThrow();
    expect(() => refuseLostFields(JSON.stringify({ ...opa, owner: 'me' }))).toThrow(
      'there is no owner, and opa build would leave it out',
    );
  });

  it('ends at metadata.not_after', () => {
    const ends = withManifest(good, { metadata: { not_after: '2026-12-01T00:00:00Z' } });
    expect(readBundle(ends).notAfter).toBe(Date.parse('2026-12-01T00:00:00Z'));
  });
});

describe('a generation', () => {
  const limits = { timeoutMs: 50, memoryBytes: 1 << 24 };
  it.each([
    ['is no Wasm', Buffer.from('hello, this is no module'), /cannot be run/],
    [
      'is cut short',
      Buffer.from(entries.find(({ name }) => name === '/policy.wasm')?.content ?? '').subarray(
        0,
        50_000,
      ),
      /cannot be run/,
    ],
  ])('is not made from a module that %s', (_name, wasm, sentence) => {
    expect(() => createGeneration(readBundle(but('/policy.wasm', wasm)), limits)).toThrow(sentence);
  });

  it('is not made from a policy that never ends', () => {
    const bundle = readBundle(archive('test/fixtures/policies/looping/bundle.tar.gz'));
    expect(() => createGeneration(bundle, limits)).toThrow(
      /no decision for the sample 'a plain call': POLICY_TIMEOUT, the policy does too much work/,
    );
  });

  it('is not made from a policy without a decision for a sample', () => {
    const manifest = { wasm: [{ entrypoint: 'kms/reencrypt/decision', module: '/policy.wasm' }] };
    const bundle = readBundle(
      withManifest(archive('test/fixtures/policies/broken/bundle.tar.gz'), manifest),
    );
    expect(() => createGeneration(bundle, limits)).toThrow(
      /no decision for the sample 'a plain call'/,
    );
  });
});
