import { readFileSync } from 'node:fs';

/** The package's version, from its own package.json, in the repository and when installed. */
export const VERSION: string = readVersion();

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { version }: { version: string } = JSON.parse(text);
  return version;
}
