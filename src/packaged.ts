import { fileURLToPath } from 'node:url';

/** Path of a file in the package, in the repository and when built: `dist/` is one flat folder. */
export const packaged = (path: string): string =>
  fileURLToPath(new URL(`../${path}`, import.meta.url));
