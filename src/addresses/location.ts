/** Whether a location is the URL of a service, not a path. */
export function isService(location: string): boolean {
  return /^https?:\/\//.test(location);
}

/** A location as it may be logged: without password and query, which give access (a link's signature). */
export function loggable(location: string): string {
  if (!isService(location)) return location;
  const url = URL.parse(location);
  if (url === null) return location.replace(/\/\/.*/s, '//…');
  const { origin, pathname, search } = url;
  return `${origin}${pathname}${search === '' ? '' : '?…'}`;
}
