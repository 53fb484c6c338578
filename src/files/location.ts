/** Whether a location is that of a service, and no path. */
export function isService(location: string): boolean {
  return /^https?:\/\//.test(location);
}
