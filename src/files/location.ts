/** Whether a location is that of a service, and no path. */
export function isService(location: string): boolean {
  return /^https?:\/\//.test(location);
}

/** What may be told of a location: a password or a query, such as the signature of a link, gives access. */
export function nameOf(location: string): string {
  if (!isService(location) || !URL.canParse(location)) return location;
  const { origin, pathname, search } = new URL(location);
  return `${origin}${pathname}${search === '' ? '' : '?…'}`;
}
