import { isService } from '../addresses/location.ts';
import { redactorOf, signingKeyOf } from '../audit/options.ts';
import type { Config } from '../config/schema.ts';
import { createFileKeys } from '../identity/jwks.ts';
import { createEmbeddedKms } from '../kms/embedded/embedded.ts';
import { protect } from '../kms/embedded/protections.ts';
import { readSeed } from '../kms/embedded/seed.ts';
import { createStateFile } from '../kms/embedded/state/file.ts';
import { about, BundleFault } from '../policy/bundle/fault.ts';
import type { Verification } from '../policy/bundle/signature.ts';
import { refuseOpenFile } from '../policy/capture.ts';
import { toLimits } from '../policy/limits.ts';
import { fetchBundle } from '../policy/loading/fetch-bundle.ts';
import { prove } from '../policy/prove/prove.ts';
import { readSecret } from '../server/kms-json/access-keys.ts';
import { messageOf } from '../thrown.ts';
import { readable, writable } from './check-files.ts';
import { openAws } from './kms.ts';
import { ofSetting } from './of-setting.ts';
import { publicKeyOf, toVerification } from './policy-options.ts';
import type { Surroundings } from './surroundings.ts';
import { openTlsFiles } from './tls.ts';

type Env = Surroundings['env'];
type Checks = readonly Promise<unknown>[];

const ignored = () => {};

/**
 * What a start would fail to read here, one sentence each, naming the setting. Nothing is
 * made, locked, served or asked for over a network.
 */
export async function preflight(config: Config, env: Env): Promise<readonly string[]> {
  const checks: Checks = [
    ...OF_KMS[config.kms.backend](config, env),
    ...ofPolicy(config.policy),
    ...ofAudit(config.audit),
    ...ofTls(config.grpc.tls),
    ...ofCallers(config),
  ];
  const outcomes = await Promise.allSettled(checks);
  const sentences = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [messageOf(outcome.reason)] : [],
  );
  // A problem that several checks find is reported once.
  return [...new Set(sentences)];
}

const OF_KMS: Readonly<Record<Config['kms']['backend'], typeof ofEmbedded>> = {
  aws: ofAws,
  embedded: ofEmbedded,
};

function ofAws({ kms: { aws } }: Config, env: Env): Checks {
  return [openAws(aws, { env, warn: ignored }).then((kms) => kms.close())];
}

function ofEmbedded(config: Config, env: Env): Checks {
  const { region, account, seed, ...embedded } = config.kms.embedded;
  const { state_file: stateFile, in_production: inProduction } = embedded;
  return [
    (async () => protect({ env, inProduction, warn: ignored }))(),
    ofSetting('kms.embedded.seed', () => {
      if (seed === undefined) return;
      const inMemory = { region, account, now: Date.now, stateFile: undefined };
      createEmbeddedKms({ ...inMemory, seed: readSeed(seed) });
    }),
    ofSetting('kms.embedded.state_file', () => stateFile && createStateFile(stateFile).load()),
    writable('kms.embedded.state_file', stateFile, { makesFolders: false }),
  ];
}

function ofPolicy(policy: Config['policy']): Checks {
  const { source, candidate, signing, service, capture_file: captureFile } = policy;
  // A key that cannot be read is reported under its own setting.
  const verification = signing && toVerification(signing).catch(() => undefined);
  return [
    ofBundle('policy.source', source, { policy, verification }),
    ofBundle('policy.candidate', candidate, { policy, verification }),
    ...Object.entries(signing?.keys ?? {}).map(([id, key]) => publicKeyOf(id, key)),
    ...(['bearer_token_file', 'ca_file', 'cert_file', 'key_file'] as const).map((name) =>
      readable(`policy.service.${name}`, service[name]),
    ),
    writable('policy.service.persist', service.persist, { makesFolders: true }),
    ofSetting('policy.capture_file', () => captureFile && refuseOpenFile(captureFile)),
    writable('policy.capture_file', captureFile, { makesFolders: false }),
  ];
}

interface Judging {
  readonly policy: Config['policy'];
  readonly verification: Promise<Verification | undefined> | undefined;
}

/**
 * A bundle service may be away at a start, so a URL is not fetched. A file or a folder of Rego is
 * read, compiled and proved just as a start does it.
 */
function ofBundle(setting: string, location: string | undefined, judging: Judging) {
  const { policy, verification } = judging;
  return ofSetting(setting, async () => {
    if (location === undefined || isService(location)) return;
    const options = { maxBytes: policy.size_limit_bytes, verification: await verification };
    try {
      prove(await fetchBundle(location, options), toLimits(policy.timeout_ms, policy.memory_mib));
    } catch (fault) {
      throw fault instanceof BundleFault ? new Error(about(location, fault)) : fault;
    }
  });
}

function ofAudit({ file, origin, checkpoint, ...audit }: Config['audit']): Checks {
  const { signing_key_file: signingKeyFile } = checkpoint;
  const { hmac_key_file: hmacKeyFile, clear_context_keys: clearContextKeys } = audit;
  const log = { file, origin, warn: ignored };
  return [
    writable('audit.file', file, { makesFolders: true }),
    // A start makes keys that are not configured, beside the log.
    (async () => signingKeyFile && signingKeyOf({ ...log, signingKeyFile }))(),
    (async () => hmacKeyFile && redactorOf({ ...log, hmacKeyFile, clearContextKeys }))(),
    readable('audit.checkpoint.post.token_file', checkpoint.post?.token_file),
    readable('audit.decision_log.token_file', audit.decision_log?.token_file),
  ];
}

function ofTls(tls: Config['grpc']['tls']): Checks {
  if (!tls?.cert_file || !tls.key_file) return [];
  const there = (['cert_file', 'key_file', 'client_ca_file'] as const).map((name) =>
    readable(`grpc.tls.${name}`, tls[name]),
  );
  const pair = async () => {
    await Promise.all(there);
    (await ofSetting('grpc.tls', () => openTlsFiles(tls, ignored))).close();
  };
  return [...there, pair()];
}

function ofCallers({ identity: { jwt }, kms_json: { access_keys: accessKeys } }: Config): Checks {
  return [
    ofSetting('identity.jwt.jwks_file', async () => {
      if (jwt?.jwks_file === undefined) return;
      const { jwks_file: file, algorithms, refresh_ms: pollMs } = jwt;
      (await createFileKeys({ file, algorithms, pollMs, onError: ignored })).close();
    }),
    ...accessKeys.map(async (key, index) => readSecret(key, index)),
  ];
}
