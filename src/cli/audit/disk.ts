import { createNodeDisk } from '../../audit/log/disk.ts';
import { type ReadingDisk, unpacking } from '../../audit/verify/packed.ts';

/** Where logs lie, packed segments too. */
export const disk: ReadingDisk = unpacking(createNodeDisk());
