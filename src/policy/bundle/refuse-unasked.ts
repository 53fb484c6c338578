import { optionalIn } from '../entrypoints.ts';
import { BundleFault } from './fault.ts';

/**
 * Refuses a bundle whose Rego has a rule that only `opa build` without `--entrypoint` keeps the proxy from asking:
 * mistakes in the data would serve, or nothing would be masked. @throws BundleFault
 */
export function refuseUnasked(
  files: ReadonlyMap<string, Buffer>,
  entrypoints: readonly string[],
): void {
  const rego = [...files].filter(([name]) => name.endsWith('.rego')).map(([, text]) => `${text}`);
  const unasked = optionalIn(rego).find((entrypoint) => !entrypoints.includes(entrypoint));
  if (unasked === undefined) return;
  throw new BundleFault(
    `the bundle's Rego has a rule for ${unasked}, and its Wasm no such entrypoint; build it with \`policy build\``,
  );
}
