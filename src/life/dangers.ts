interface Environment {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Node's own options, as in `process.execArgv`. */
  readonly execArgv: readonly string[];
}

/** Node's options that let others in or give secrets away, and what each does. */
const FLAGS: readonly (readonly [RegExp, string])[] = [
  [/^--(inspect|debug)(-|=|$)/, 'opens a debugger that may read and change everything'],
  [/^--tls-keylog(=|$)/, 'writes down the keys of every TLS connection'],
  [/^--tls-m(ax|in)-v1\.[01]$/, 'takes TLS versions that are broken'],
  [/^--tls-max-v1\.2$/, 'refuses TLS 1.3, which this proxy speaks alone'],
  [/^--trace-tls$/, 'prints what TLS connections carry'],
  [/^--insecure-http-parser$/, 'takes HTTP that is not HTTP'],
  [/^--allow-inspector$/, 'opens a debugger that may read and change everything'],
  [/^--heapsnapshot-(signal|near-heap-limit)(=|$)/, 'writes the memory to a file'],
  [/^--report-(on-signal|on-fatalerror|uncaught-exception)$/, 'writes the environment to a file'],
  [
    /^--abort-on-uncaught-exception$/,
    'ends the proxy before it can write why, and dumps its memory',
  ],
];

/** What is wrong with the environment that the proxy was started in; an empty list if nothing is. */
export function findDangers({ env, execArgv }: Environment): readonly string[] {
  const options = [...execArgv, ...splitOptions(env['NODE_OPTIONS'] ?? '')];
  const found = options.flatMap((option) =>
    FLAGS.filter(([flag]) => flag.test(option.replaceAll('_', '-'))).map(
      ([, does]) => `Node’s option ${option} ${does}`,
    ),
  );
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    found.push('NODE_TLS_REJECT_UNAUTHORIZED=0 lets anyone pose as KMS');
  }
  for (const name of ['GRPC_TRACE', 'GRPC_NODE_TRACE']) {
    if (env[name]) found.push(`${name} prints the metadata of calls, tokens included`);
  }
  if (/\*|\b(http|http2|tls|net|stream)\b/i.test(env['NODE_DEBUG'] ?? '')) {
    found.push('NODE_DEBUG prints what connections carry');
  }
  return found;
}

/** As Node does it: quotes may stand around any part of an option; a backslash escapes only in quotes. */
function splitOptions(text: string): readonly string[] {
  const parts = text.match(/(?:"(?:\\.|[^"\\])*"?|[^ "])+/gs) ?? [];
  return parts.map((part) =>
    part.replace(/"((?:\\.|[^"\\])*)"?/gs, (_, quoted: string) => quoted.replace(/\\(.)/gs, '$1')),
  );
}
