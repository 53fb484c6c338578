const TEXT = 'text/plain; version=0.0.4; charset=utf-8';
export const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** Which of the two formats an Accept header prefers; text if it names neither. */
export function negotiate(accept: string): typeof TEXT | typeof OPENMETRICS {
  const weights = accept.split(',').map(weigh);
  const best = (type: string) => Math.max(0, ...weights.map((w) => (w.type === type ? w.q : 0)));
  return best('application/openmetrics-text') > best('text/plain') ? OPENMETRICS : TEXT;
}

function weigh(range: string): { type: string; q: number } {
  const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
  const q = parameters.find((parameter) => parameter.startsWith('q='));
  return { type, q: q === undefined ? 1 : Number(q.slice(2)) || 0 };
}

/**
 * The text format → OpenMetrics 1.0. prom-client's own switch renames its counters permanently, so
 * the next answer in the text format would lack `_total`; hence this converts the text.
 */
export function toOpenMetrics(text: string): string {
  const counters = new Set<string>();
  const lines = text.split('\n').filter((line) => line !== '');
  for (const line of lines) {
    const [, name] = /^# TYPE (\S+) counter$/.exec(line) ?? [];
    if (name) counters.add(name);
  }
  const written = lines.map((line) => (line.startsWith('# ') ? meta(line) : sample(line)));
  return `${written.join('\n')}\n# EOF\n`;

  function meta(line: string): string {
    return line.replace(/^(# (?:HELP|TYPE) )(\S+)/, (all, start: string, name: string) =>
      counters.has(name) ? `${start}${name.replace(/_total$/, '')}` : all,
    );
  }
}

/** Whole bucket bounds are written as floats: `le="1.0"`. */
function sample(line: string): string {
  return line.replace(/(\ble=")(\d+)"/, '$1$2.0"');
}
