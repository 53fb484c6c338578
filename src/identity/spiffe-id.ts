interface SpiffeId {
  readonly id: string;
  readonly trustDomain: string;
  /** With its leading slash. */
  readonly path: string;
}

const MOST_BYTES = 2048;
const FORM = /^spiffe:\/\/([a-z0-9._-]{1,255})((?:\/[A-Za-z0-9._-]+)+)$/;

/**
 * The ID of a workload, or undefined. A trust domain without a path is no workload; dot segments are
 * invalid.
 * https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md
 */
export function parseSpiffeId(text: string): SpiffeId | undefined {
  if (text.length > MOST_BYTES) return undefined;
  const [, trustDomain, path] = FORM.exec(text) ?? [];
  if (trustDomain === undefined || path === undefined) return undefined;
  if (path.split('/').some((segment) => segment === '.' || segment === '..')) return undefined;
  return { id: text, trustDomain, path };
}
