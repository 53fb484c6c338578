import { LOAD_ERRORS_ENTRYPOINT, MASK_ENTRYPOINT } from '../entrypoints.ts';
import { BundleFault } from './fault.ts';

const OPTIONAL = [
  [LOAD_ERRORS_ENTRYPOINT, /^package\s+kms\.reencrypt(?![\w.])/m, /^load_errors\b/m],
  [MASK_ENTRYPOINT, /^package\s+system\.log(?![\w.])/m, /^mask\b/m],
] as const;

/**
 * Refuses a bundle whose Rego has a rule that only `opa build` without `--entrypoint` keeps the proxy from asking:
 * mistakes in the data would serve, or nothing would be masked. @throws BundleFault
 */
export function refuseUnasked(
  files: ReadonlyMap<string, Buffer>,
  entrypoints: readonly string[],
): void {
  const rego = [...files].filter(([name]) => name.endsWith('.rego')).map(([, text]) => `${text}`);
  for (const [entrypoint, inPackage, rule] of OPTIONAL) {
    if (entrypoints.includes(entrypoint)) continue;
    if (!rego.some((text) => inPackage.test(text) && rule.test(text))) continue;
    throw new BundleFault(
      `the bundle's Rego has a rule for ${entrypoint}, and its Wasm no such entrypoint; build it with \`policy build\``,
    );
  }
}
