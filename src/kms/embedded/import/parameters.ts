import type { KeyObject } from 'node:crypto';

/** What GetParametersForImport promised: how material for which key is wrapped, and until when. */
export interface ImportParameters {
  readonly keyArn: string;
  readonly algorithm: string;
  readonly privateKey: KeyObject;
  readonly validTo: number;
}
