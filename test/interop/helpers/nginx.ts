import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { createAuthority } from '../../helpers/certificates.ts';
import { startChild } from './child.ts';
import { freePort } from './ports.ts';

/** An nginx that serves one file over TLS, with ETags, to clients with the token. */
export interface BundleServer {
  readonly url: string;
  readonly token: string;
  /** PEM of the authority that issued its certificate, and the file with it. */
  readonly ca: string;
  readonly caFile: string;
  /** Replaces the file; returns its new ETag without the quotes. */
  put(bundle: Buffer): string;
  /** Statuses of all requests since the start from agents whose name begins like this. */
  statuses(agent: string): number[];
  stop(): Promise<unknown>;
}

export async function startNginx(name: string): Promise<BundleServer> {
  const folder = mkdtempSync(join(tmpdir(), 'nginx-'));
  const port = await freePort();
  const token = 'a-token';
  const authority = createAuthority();
  const own = authority.issue({ dns: ['localhost'], usage: 'server' });
  const file = (path: string, text: string) => {
    writeFileSync(join(folder, path), text);
    return join(folder, path);
  };
  const caFile = file('ca.pem', authority.cert);
  mkdirSync(join(folder, 'www'));
  const config = file(
    'nginx.conf',
    `user ${userInfo().username};
pid ${folder}/pid;
error_log stderr warn;
events {}
http {
  log_format short '$status $http_user_agent';
  access_log ${folder}/access.log short;
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${file('cert.pem', own.cert)};
    ssl_certificate_key ${file('key.pem', own.key)};
    root ${folder}/www;
    if ($http_authorization != "Bearer ${token}") { return 401; }
  }
}
`,
  );
  const nginx = startChild('nginx', ['-p', folder, '-c', config, '-g', 'daemon off;']);
  let seconds = 1_700_000_000;
  return {
    url: `https://localhost:${port}/${name}`,
    token,
    ca: authority.cert,
    caFile,
    put(bundle) {
      const beside = join(folder, 'new');
      writeFileSync(beside, bundle);
      seconds += 1;
      utimesSync(beside, seconds, seconds);
      renameSync(beside, join(folder, 'www', name));
      return `${seconds.toString(16)}-${bundle.length.toString(16)}`;
    },
    statuses: (agent) =>
      readFileSync(join(folder, 'access.log'), 'utf8')
        .split('\n')
        .filter((line) => line.slice(4).startsWith(agent))
        .map((line) => Number(line.slice(0, 3))),
    stop: () => nginx.stop(),
  };
}
