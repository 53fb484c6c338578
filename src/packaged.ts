import { fileURLToPath } from 'node:url';

/** Path of what the package brings, in the repository and when built: `dist/` is one folder, and flat. */
export const packaged = (path: string): string =>
  fileURLToPath(new URL(`../${path}`, import.meta.url));
