import { expect, test } from 'vitest';
import { createNodeDisk } from '../../../src/audit/log/disk.ts';

test('a write that a full disk refuses names the file', () => {
  const file = createNodeDisk().open('/dev/full', 'append');
  const write = () => file.write(Buffer.from('line\n'));
  expect(write).toThrow("ENOSPC: no space left on device, write '/dev/full'");
  file.close();
});
