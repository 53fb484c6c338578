import { readFileSync } from 'node:fs';
import { packaged } from './packaged.ts';

/** The package's version, from its own package.json, in the repository and when installed. */
export const VERSION: string = readVersion();

function readVersion(): string {
  const text = readFileSync(packaged('package.json'), 'utf8');
  const { version }: { version: string } = JSON.parse(text);
  return version;
}
