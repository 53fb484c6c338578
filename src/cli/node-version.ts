const NEEDED = [22, 18] as const;

/** What is wrong with this version of Node.js; '' if nothing is. package.json tells npm the same. */
export function wrongNode(version: string): string {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const fits = major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
  return fits ? '' : `needs Node.js ${NEEDED.join('.')} or later, and this is ${version}`;
}
