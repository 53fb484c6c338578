import { z } from 'zod';
import { address, localAddress } from '../values.ts';

export const probe = z
  .strictObject({
    listen: address
      .default('127.0.0.1:9464')
      .describe('Where /metrics, /livez and /readyz are served.'),
  })
  .describe('Plain HTTP for kubelet and Prometheus.');

export const admin = z
  .strictObject({
    listen: localAddress
      .optional()
      .describe(
        'Where the state of policy and log is served as JSON (/policy, /audit). Off if unset.',
      ),
  })
  .describe('Plain HTTP for operators on the host.');
