import { describe, it } from 'vitest';
import { encryptionCases } from './cases/encryption.ts';
import { multiRegionCases, rotationCases } from './cases/families.ts';
import { accessCases, grantCases } from './cases/grants.ts';
import { keyCases } from './cases/keys.ts';
import { aliasCases, policyCases, tagCases } from './cases/names.ts';
import { asymmetricCases, dataKeyCases, importCases } from './cases/other.ts';
import { reEncryptCases } from './cases/re-encrypt.ts';
import type { Case, Driver } from './driver.ts';

const CASES: Readonly<Record<string, readonly Case[]>> = {
  keys: keyCases,
  aliases: aliasCases,
  tags: tagCases,
  'key policies': policyCases,
  encryption: encryptionCases,
  ReEncrypt: reEncryptCases,
  'data keys': dataKeyCases,
  'asymmetric keys and MACs': asymmetricCases,
  rotation: rotationCases,
  'multi-Region keys': multiRegionCases,
  import: importCases,
  grants: grantCases,
  'principals and accounts': accessCases,
};

interface ContractOptions {
  /** Leaves out the cases that make RSA keys. */
  readonly quick?: boolean;
  /** Names of cases that this KMS is known to get wrong; they still run, and must fail. */
  readonly differs?: ReadonlySet<string>;
}

/** What AWS documents of its API, for every KMS here; what the proxy itself needs of a backend is in port.test.ts. */
export function kmsContract(
  open: () => Driver,
  { quick = false, differs = new Set() }: ContractOptions = {},
): void {
  for (const [group, cases] of Object.entries(CASES)) {
    describe(group, () => {
      for (const { name, slow, run } of cases) {
        if (quick && slow) continue;
        if (differs.has(name)) it.fails(name, () => run(open()));
        else it(name, () => run(open()));
      }
    });
  }
}
