import { LONGEST_TIMER_MS } from '../../longest-timer.ts';
import { proxyBesideUs } from '../proxy-beside-us.ts';
import type { KnownArguments } from './arguments/known-arguments.ts';
import { ERROR_FORMATS, OUTPUT_FORMATS } from './arguments/option-table.ts';
import { otherFailure, usageFailure } from './failure.ts';
import type { OutputFormat } from './output/format.ts';
import type { Query } from './output/query.ts';
import type { BinaryFormat } from './parameters.ts';
import { type Profile, readProfile } from './profile.ts';
import type { Environment } from './values/file-value.ts';
import { quoted } from './values/value.ts';

export type ErrorFormat = (typeof ERROR_FORMATS)[number];

const DEFAULT_TIMEOUT_SECONDS = 60;

/** What the global options, the environment and the profile say together. */
export interface Settings {
  readonly endpoint: string;
  readonly profileName: string | undefined;
  readonly profile: Profile;
  readonly region: string | undefined;
  readonly output: OutputFormat;
  readonly query: Query | undefined;
  readonly color: 'on' | 'off' | 'auto';
  readonly binaryFormat: BinaryFormat;
  readonly sign: boolean;
  readonly verifyTls: boolean;
  readonly caBundle: string | undefined;
  /** 0 waits for ever. */
  readonly readTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly pager: boolean;
  readonly debug: boolean;
}

/** @throws CliFailure */
export async function readSettings(
  values: KnownArguments['values'],
  env: Environment,
): Promise<Settings> {
  const text = (key: string) => {
    const value = values.get(key);
    return typeof value === 'string' ? value : undefined;
  };
  refusePrompting(values);
  const expression = text('query');
  const query = expression === undefined ? undefined : await compileQuery(expression);
  const endpoint = checkEndpoint(text('endpointUrl') ?? proxyBesideUs(env));
  const readTimeoutMs = timeoutMs('read', text('readTimeout'));
  const connectTimeoutMs = timeoutMs('connect', text('connectTimeout'));
  const profileName = text('profile');
  const profile = readProfile(profileName, env);
  return {
    endpoint,
    profileName,
    profile,
    region:
      text('region') ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? profile.get('region'),
    output: outputFormat(text('output') ?? env['AWS_DEFAULT_OUTPUT'] ?? profile.get('output')),
    query,
    color: (text('color') ?? 'auto') as Settings['color'],
    binaryFormat: binaryFormat(text('binaryFormat') ?? profile.get('cli_binary_format')),
    sign: values.get('signRequest') !== false,
    verifyTls: values.get('verifySsl') !== false,
    caBundle: text('caBundle') ?? env['AWS_CA_BUNDLE'] ?? profile.get('ca_bundle'),
    readTimeoutMs,
    connectTimeoutMs,
    pager: values.get('noPager') !== true,
    debug: values.get('debug') === true,
  };
}

function refusePrompting(values: KnownArguments['values']): void {
  if (values.get('autoPrompt') !== true) return;
  if (values.get('noAutoPrompt') !== true)
    throw usageFailure('--cli-auto-prompt is not offered here');
  throw usageFailure(
    'Both --cli-auto-prompt and --no-cli-auto-prompt cannot be specified at the same time.',
  );
}

async function compileQuery(expression: string): Promise<Query> {
  const { compileQuery: compile } = await import('./output/query.ts');
  return compile(expression);
}

const ENDPOINT_FORMS =
  /^(?:https?|grpcs?):\/\/|^(?:unix|unix-abstract|dns|ipv4|ipv6):|^(?!.*:\/\/).*:\d+$/i;

/** A scheme, or at least a port, is needed to know what the endpoint is. */
function checkEndpoint(endpoint: string): string {
  if (ENDPOINT_FORMS.test(endpoint)) return endpoint;
  const wrong = endpoint.includes('://') ? 'unknown scheme' : 'scheme is missing';
  throw usageFailure(
    `Bad value for --endpoint-url "${endpoint}": ${wrong}.  Must be of the form ` +
      'http://<hostname>/ or https://<hostname>/\nA proxy is <hostname>:<port> or unix:<path>.',
  );
}

function timeoutMs(kind: 'read' | 'connect', written: string | undefined): number {
  if (written === undefined) return DEFAULT_TIMEOUT_SECONDS * 1000;
  const seconds = pythonInteger(written);
  if (seconds >= 0) return Math.min(seconds * 1000, LONGEST_TIMER_MS);
  throw otherFailure(
    `Attempted to set ${kind} timeout to ${seconds}, but the timeout cannot be set to a value less ` +
      'than or equal to 0.',
  );
}

/** What Python's int() takes. @throws CliFailure in its words */
export function pythonInteger(written: string): number {
  const digits = written.trim();
  if (/^[-+]?\d+(?:_\d+)*$/.test(digits)) return Number(digits.replaceAll('_', ''));
  throw otherFailure(`invalid literal for int() with base 10: ${quoted(written)}`);
}

function outputFormat(name: string | undefined): OutputFormat {
  if (name === undefined) return 'json';
  const format = OUTPUT_FORMATS.find((known) => known === name);
  if (format !== undefined) return format;
  throw otherFailure(`Unknown output type: ${name}`);
}

function binaryFormat(name: string | undefined): BinaryFormat {
  if (name === undefined || name === 'base64') return 'base64';
  if (name === 'raw-in-base64-out') return name;
  throw otherFailure(`Unknown cli_binary_format: ${name}, use base64 or raw-in-base64-out`);
}

/** Never throws, because it is called while another failure is reported. */
export function errorFormat(values: KnownArguments['values'], env: Environment): ErrorFormat {
  const named =
    values.get('errorFormat') ?? env['AWS_CLI_ERROR_FORMAT'] ?? fromProfile(values, env);
  return ERROR_FORMATS.find((known) => known === String(named).toLowerCase()) ?? 'enhanced';
}

function fromProfile(values: KnownArguments['values'], env: Environment): string | undefined {
  const profile = values.get('profile');
  try {
    return readProfile(typeof profile === 'string' ? profile : undefined, env).get(
      'cli_error_format',
    );
  } catch {
    return undefined;
  }
}
