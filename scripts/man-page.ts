/** Writes the manual page, which is generated and committed. */
import { writeFileSync } from 'node:fs';
import { manPage } from '../src/cli/re-encrypt/help/man-page.ts';

writeFileSync('man/kms-reencrypt-proxy-re-encrypt.1', manPage());
