// Does what the README says to a newcomer, as written there.
//   readme.mjs run    `npm ci && npm start`, then the two commands that it prints
//   readme.mjs test   `npm ci && npm test`
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

const COMMANDS = { run: 'npm ci && npm start', test: 'npm ci && npm test' };

const [, , what = ''] = process.argv;
const command = COMMANDS[what];
assert(command, 'usage: readme.mjs run|test');
assert(shellLines().includes(command), `README.md has no shell block with: ${command}`);
if (what === 'test') process.exit(spawnSync('bash', ['-c', command], { stdio: 'inherit' }).status);

rmSync('.work/audit', { recursive: true, force: true });
const server = spawn('bash', ['-c', command], {
  detached: true,
  stdio: ['ignore', 'pipe', 'pipe'],
});
let output = '';
for (const stream of [server.stdout, server.stderr]) {
  stream.on('data', (chunk) => {
    output += chunk;
    process.stdout.write(chunk);
  });
}

try {
  const [allowed, denied] = await printedCommands();

  const good = spawnSync('bash', ['-c', allowed], { encoding: 'utf8' });
  assert.equal(good.status, 0, `the allowed call failed: ${good.stderr}`);
  const answer = JSON.parse(good.stdout);
  assert(answer.CiphertextBlob, 'the answer has no CiphertextBlob');
  assert.match(JSON.stringify(answer), /decision.?id/i, 'the answer has no decision id');

  const kms = /protocol on (http:[^\s,]+)/.exec(output)?.[1];
  const [, before] = /--ciphertext-blob (\S+)/.exec(allowed);
  assert.equal(
    await decrypt(kms, answer.CiphertextBlob),
    await decrypt(kms, before),
    'the result decrypts to another plaintext',
  );

  const bad = spawnSync('bash', ['-c', denied], { encoding: 'utf8' });
  assert.equal(bad.status, 254, `the denied call ended with ${bad.status}: ${bad.stdout}`);
  assert.match(
    bad.stderr,
    /An error occurred \(AccessDeniedException\) when calling the ReEncrypt/,
  );
  for (const told of ['rule', 'side', 'decision']) assert.match(bad.stderr, new RegExp(told, 'i'));

  const probe = /probe on (http:\S+)/.exec(output)?.[1];
  const metrics = await (await fetch(`${probe}/metrics`)).text();
  const calls = (outcome) =>
    new RegExp(`^kms_reencrypt_calls_total\\{.*outcome="${outcome}".*\\} (\\d+)$`, 'gm');
  const sum = (outcome) => [...metrics.matchAll(calls(outcome))].reduce((n, m) => n + +m[1], 0);
  assert.equal(sum('released'), 1, 'metrics count one released call');
  assert.equal(sum('denied'), 1, 'metrics count one denied call');

  await firstDashboardQuery();

  const kinds = readFileSync('.work/audit/audit.jsonl', 'utf8').match(/"kind":"\w+"/g) ?? [];
  for (const kind of ['intent', 'outcome', 'refusal']) {
    assert(kinds.includes(`"kind":"${kind}"`), `the audit log has no ${kind}`);
  }
  process.stdout.write(
    'The README keeps its word: one allowed, one denied, both on record and on the dashboard.\n',
  );
} finally {
  // A server that has ended by itself must not hide why.
  if (server.exitCode === null) process.kill(-server.pid, 'SIGTERM');
}

/** Starts the README's Prometheus and asks what the dashboard's first panel asks. */
async function firstDashboardQuery() {
  const start = shellLines().find((line) => line.startsWith('prometheus '));
  assert(start, 'README.md starts no Prometheus');
  const { panels } = JSON.parse(readFileSync('deploy/grafana/kms-reencrypt-proxy.json', 'utf8'));
  const [{ expr }] = panels.flatMap((panel) => panel.targets ?? []);
  const query = expr
    .replaceAll('$__rate_interval', '30s')
    .replaceAll('$job', '.*')
    .replaceAll('$instance', '.*');
  const prometheus = spawn('bash', ['-c', `exec ${start}`], { stdio: 'ignore' });
  try {
    for (let waited = 0; waited < 60_000; waited += 500) {
      await sleep(500);
      assert.equal(prometheus.exitCode, null, `this ended: ${start}`);
      const url = `http://127.0.0.1:9090/api/v1/query?query=${encodeURIComponent(query)}`;
      const answer = await fetch(url).then(
        (r) => r.json(),
        () => undefined,
      );
      const outcomes = (answer?.data?.result ?? []).map(({ metric }) => metric.outcome);
      if (outcomes.includes('released') && outcomes.includes('denied')) return;
    }
    throw new Error(`the dashboard's first query found nothing: ${query}`);
  } finally {
    prometheus.kill();
  }
}

/** The lines of README.md's shell blocks, continuations joined. */
function shellLines() {
  const blocks = readFileSync('README.md', 'utf8').matchAll(/^```(?:sh|bash|shell)\n(.*?)^```/gms);
  return [...blocks].flatMap(([, body]) => body.replaceAll(/\\\n\s*/g, '').split('\n'));
}

/** The two commands that the server prints once it serves. */
async function printedCommands() {
  for (let waited = 0; waited < 240_000; waited += 100) {
    const found = output.match(/^ *npm run -s cli -- re-encrypt (?:.*\\\n)*.*$/gm) ?? [];
    if (found.length >= 2) return found;
    assert.equal(server.exitCode, null, 'the server ended');
    await sleep(100);
  }
  throw new Error('the server printed no commands');
}

/** The plaintext in Base64, by the embedded KMS's own Decrypt. */
async function decrypt(endpoint, CiphertextBlob) {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'TrentService.Decrypt',
    },
    body: JSON.stringify({ CiphertextBlob, EncryptionContext: { tenant: 'acme' } }),
  });
  const { Plaintext } = await response.json();
  assert(Plaintext, `Decrypt answered ${response.status}`);
  return Plaintext;
}
