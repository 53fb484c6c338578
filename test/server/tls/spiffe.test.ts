import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTlsFiles } from '../../../src/server/tls/files.ts';
import {
  createSpiffeTls,
  type SpiffeTls,
  withSpiffeBundles,
} from '../../../src/server/tls/spiffe.ts';
import { createAuthority, type Issued } from '../../helpers/certificates.ts';
import { type Agent, bundlesMessage, startAgent, svidMessage } from '../../helpers/workload-api.ts';
import { createCaller, createDoor, LIMITS } from '../listener/harness.ts';

const ca = createAuthority();
const PROXY = 'spiffe://example.org/proxy';

let folder: string;
let socket: string;
let agent: Agent;
let alarms: string[];
let opened: SpiffeTls[];

/** A Workload API that answers with this at once. */
async function start(first: Buffer | number): Promise<void> {
  agent = await startAgent(socket);
  agent.svids(first);
}

const svid = (issued: Issued, bundle: Buffer = ca.der): Buffer =>
  svidMessage({ id: PROXY, issued, bundle });

async function open({ firstMs = 2000, retryMs = 20, now = Date.now } = {}): Promise<SpiffeTls> {
  const made = await createSpiffeTls({
    socket,
    clientCertificates: 'required',
    firstMs,
    retryMs,
    trustDomains: [],
    now,
    onAlarm: (error) => alarms.push(error.message),
  });
  opened.push(made);
  return made;
}

const proxy = (commonName = 'proxy'): Issued =>
  ca.issue({ commonName, uris: [PROXY], dns: ['proxy.example'] });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spiffe-'));
  socket = `unix:${folder}/agent.sock`;
  [alarms, opened] = [[], []];
});

afterEach(async () => {
  for (const one of opened) one.close();
  agent?.stop();
});

test('the first SVID serves, its bundle verifies clients, and its trust domain becomes ours', async () => {
  const second = createAuthority({ commonName: 'Second CA' });
  await start(svid(proxy(), Buffer.concat([ca.der, second.der])));
  const tls = await open();
  expect(tls.trustDomain()).toBe('example.org');
  expect(agent.asked[0]?.get('workload.spiffe.io')).toEqual(['true']);
  const door = createDoor();
  const { address } = await door.open({ tls, limits: LIMITS });
  for (const authority of [ca, second]) {
    const client = authority.issue({ uris: ['spiffe://example.org/client'] });
    const caller = createCaller(
      address,
      credentials.createSsl(
        Buffer.from(ca.cert),
        Buffer.from(client.key),
        Buffer.from(client.cert),
      ),
      { 'grpc.ssl_target_name_override': 'proxy.example' },
    );
    expect(await caller.whoAmI()).toContain('127.0.0.1');
    caller.close();
  }
  await door.close();
});

test('a new SVID replaces the old one without a restart', async () => {
  await start(svid(proxy('first')));
  const tls = await open();
  const seen: string[] = [];
  tls.onChange(({ cert }) => seen.push(cert));
  const next = proxy('second');
  agent.svids(svid(next));
  await expect.poll(() => seen).toEqual([next.cert]);
  expect(tls.current().cert).toBe(next.cert);
});

test('a bad update raises an alarm, and the last good SVID still serves', async () => {
  const good = proxy();
  await start(svid(good));
  const tls = await open();
  agent.svids(svid({ ...proxy(), key: proxy().key }));
  agent.svids(svid(ca.issue({ uris: [PROXY], notAfter: new Date(Date.now() - 1000) })));
  agent.svids(svid(proxy(), ca.der.subarray(0, 40)));
  agent.svids(Buffer.alloc(0));
  agent.svids(Buffer.from([0xff, 0xff]));
  agent.svids(svid(proxy(), Buffer.concat(Array.from({ length: 1001 }, () => ca.der))));
  // One good SVID and a million empty ones.
  agent.svids(Buffer.concat([svid(proxy()), Buffer.alloc(2_000_000, Buffer.from([0x0a, 0]))]));
  await expect.poll(() => alarms.length).toBe(7);
  expect(alarms.toSpliced(4, 1)).toEqual([
    expect.stringContaining('not belong to the certificate'),
    expect.stringContaining('has expired'),
    expect.stringContaining('cut short'),
    expect.stringContaining('did not give this process an identity'),
    expect.stringContaining('more than 1000 certificates'),
    expect.stringContaining('more than 10000 fields'),
  ]);
  expect(tls.current().cert).toBe(good.cert);
});

test('an SVID that is not valid yet by our clock serves once it is', async () => {
  await start(svid(proxy('first')));
  let behindMs = 0;
  const tls = await open({ retryMs: 1, now: () => Date.now() - behindMs });
  behindMs = 2 * 3_600_000;
  const next = proxy('second');
  agent.svids(svid(next));
  await expect.poll(() => alarms).toEqual([expect.stringContaining('is not valid yet')]);
  behindMs = 0;
  await expect.poll(() => tls.current().cert).toBe(next.cert);
  expect(alarms).toHaveLength(1);
});

test('a flood of updates is read one by one, with time in between', async () => {
  const message = svid(proxy());
  await start(message);
  const tls = await open();
  let read = 0;
  tls.onChange(() => {
    read += 1;
  });
  const from = performance.now();
  for (let n = 0; n < 100; n += 1) agent.svids(message);
  await expect.poll(() => read).toBeGreaterThan(1);
  expect(read).toBeLessThan(3 + (performance.now() - from) / 100);
});

test('bad bundles of other trust domains do not hold up a new SVID', async () => {
  await start(svid(proxy()));
  const tls = await open();
  const next = proxy('next');
  const federated = { 'spiffe://other.example': Buffer.from('junk'), 'no SPIFFE ID': ca.der };
  agent.svids(svidMessage({ id: PROXY, issued: next, bundle: ca.der, federated }));
  await expect.poll(() => tls.current().cert.trim()).toBe(next.cert.trim());
  expect(alarms).toEqual([]);
});

test('an agent that goes away and returns is found again', async () => {
  await start(svid(proxy('first')));
  const tls = await open();
  agent.stop();
  await expect.poll(() => alarms.length).toBeGreaterThan(0);
  const next = proxy('second');
  await start(svid(next));
  await expect.poll(() => tls.current().cert).toBe(next.cert);
});

test('the start fails if no identity comes in time', async () => {
  await start(status.PERMISSION_DENIED);
  await expect(open({ firstMs: 150 })).rejects.toThrow('did not give a certificate in time');
  expect(alarms.join()).toContain('PERMISSION_DENIED');
});

test('a certificate from files and CAs from the agent are renewed apart, and bad CAs are refused', async () => {
  agent = await startAgent(socket);
  const give = (der: Buffer) => agent.bundles(bundlesMessage({ 'spiffe://example.org': der }));
  give(ca.der);
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const save = async ({ cert, key }: Issued) => {
    await writeFile(certFile, cert);
    await writeFile(keyFile, key);
  };
  const onAlarm = (error: Error) => void alarms.push(error.message);
  const common = { now: Date.now, onAlarm };
  await save(proxy('first'));
  const files = { certFile, keyFile, clientCertificates: 'required' as const, pollMs: 60_000 };
  const watched = await createTlsFiles({ ...files, ...common });
  const trustDomains = ['example.org'];
  const api = { socket, firstMs: 2000, retryMs: 20, trustDomains };
  const tls = await withSpiffeBundles(watched, { ...api, ...common });
  const seen: { cert: string; ca?: string | undefined }[] = [];
  tls.onChange((pair) => seen.push(pair));

  const next = proxy('second');
  await save(next);
  await tls.reload();
  const { ca: first } = tls.current();
  expect(seen.at(-1)).toMatchObject({ cert: next.cert, ca: first });

  const other = createAuthority({ commonName: 'Other CA' });
  give(other.der);
  await expect.poll(() => seen.at(-1)?.ca).not.toBe(first);
  const { ca: second } = tls.current();
  give(proxy().der);
  // Without any, TLS would trust every public CA.
  await expect.poll(() => alarms).toContain('there is no CA certificate');
  expect(tls.current()).toMatchObject({ cert: next.cert, ca: second });

  tls.close();
  const before = alarms.length;
  agent.stop();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(alarms).toHaveLength(before);
});
