import { accessSync, constants } from 'node:fs';
import { proxyTarget } from '../../client/target.ts';
import { messageOf } from '../../thrown.ts';
import type { KnownArguments } from './arguments/known-arguments.ts';
import { parameterFailure, usageFailure } from './failure.ts';
import type { Settings } from './settings.ts';
import { isHttp, type TargetCall } from './targets/target.ts';

type Identity = Pick<TargetCall, 'tls' | 'tokenFile'>;

/**
 * Who calls the proxy, by the options that say it. What would not be used is refused, since the proxy would
 * see an anonymous caller. @throws CliFailure naming the option
 */
export function readIdentity(options: KnownArguments['values'], settings: Settings): Identity {
  const { endpoint, caBundle } = settings;
  const [certificateFile, keyFile] = [file('clientCertificate'), file('clientKey')];
  const tokenFile = file('tokenFile');
  const { secure } = proxyTarget(endpoint);
  if (certificateFile !== undefined || keyFile !== undefined) {
    if (!secure) throw unused('--client-certificate and --client-key are for grpcs://');
    if (certificateFile === undefined || keyFile === undefined)
      throw usageFailure('--client-certificate and --client-key go together');
  }
  if (tokenFile !== undefined && isHttp(endpoint)) throw unused('--token-file is for a proxy');
  refuseUnreadable('--client-certificate', certificateFile);
  refuseUnreadable('--client-key', keyFile);
  refuseUnreadable('--token-file', tokenFile);
  if (secure) refuseUnreadable('--ca-bundle', caBundle);
  return { tls: { certificateFile, keyFile }, tokenFile };

  function file(key: string): string | undefined {
    const value = options.get(key);
    return typeof value === 'string' ? value : undefined;
  }

  function unused(sentence: string) {
    return usageFailure(`${sentence}, and --endpoint-url is ${endpoint}`);
  }
}

/** Reads nothing: a pipe, such as bash's `<(…)`, can be read only once. */
function refuseUnreadable(option: string, path: string | undefined): void {
  if (path === undefined) return;
  try {
    accessSync(path, constants.R_OK);
  } catch (thrown) {
    throw parameterFailure(option, messageOf(thrown));
  }
}
