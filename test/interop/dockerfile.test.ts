import { expect, it } from 'vitest';
import { describeWith, runTool } from './helpers/tools.ts';

describeWith(['hadolint'], 'hadolint', () => {
  it('finds nothing wrong with the Dockerfile', () => {
    expect(runTool('hadolint', ['Dockerfile'])).toBe('');
  });
});
