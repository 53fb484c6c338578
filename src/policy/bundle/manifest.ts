import { z } from 'zod';
import { editDistance } from '../../edit-distance.ts';
import { BundleFault } from './fault.ts';

const moment = z.iso.datetime({
  offset: true,
  error: 'must be a moment such as "2027-01-01T00:00:00Z"',
});

const manifestSchema = z.looseObject({
  revision: z.string().max(256).default(''),
  wasm: z.array(z.looseObject({ entrypoint: z.string(), module: z.string() })).default([]),
  metadata: z.looseObject({ not_after: moment.optional() }).default({}),
});

/** The fields that OPA knows and we read. @throws BundleFault */
export function toManifest(json: unknown) {
  const parsed = manifestSchema.safeParse(json);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => [...path, message].join(' '));
    throw notValid(faults.join('; '));
  }
  const { metadata, ...manifest } = parsed.data;
  const slips = [
    ...Object.keys(manifest).filter(isMeantAsEnd),
    ...Object.keys(metadata)
      .filter((key) => key !== 'not_after' && isMeantAsEnd(key))
      .map((key) => `metadata.${key}`),
  ];
  if (slips.length > 0) throw notValid(`there is no ${slips.join(', ')}: ${HOW_TO_END}`);
  return parsed.data;
}

const HOW_TO_END = "a bundle's end is set by metadata.not_after";

/**
 * OPA leaves metadata free to use, so unknown keys must be allowed there. But a misspelt `not_after` would
 * silently give a bundle without an end.
 */
function isMeantAsEnd(key: string): boolean {
  return editDistance(key.toLowerCase().replace(/[^a-z]/g, ''), 'notafter') <= 2;
}

const OPA_FIELDS = new Set([
  'revision',
  'roots',
  'wasm',
  'metadata',
  'rego_version',
  'file_rego_versions',
]);

/** Called before `opa build`, which drops fields that it does not know. @throws BundleFault */
export function refuseLostFields(manifest: string): void {
  const lost = Object.keys(toManifest(toJson(manifest))).filter((key) => !OPA_FIELDS.has(key));
  if (lost.length === 0) return;
  throw notValid(
    `there is no ${lost.join(', ')}, and opa build would leave it out: what is not of OPA goes into metadata`,
  );
}

function toJson(manifest: string): unknown {
  try {
    return JSON.parse(manifest);
  } catch (cause) {
    throw new BundleFault("the bundle's .manifest is not JSON", { cause });
  }
}

const notValid = (why: string) => new BundleFault(`the bundle's .manifest is not valid: ${why}`);
