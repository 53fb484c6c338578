import { z } from 'zod';
import { address } from '../values.ts';

export const probe = z
  .strictObject({
    listen: address
      .default('127.0.0.1:9464')
      .describe('Where /metrics, /livez and /readyz are served.'),
  })
  .describe('Plain HTTP for kubelet and Prometheus.');

export const admin = z
  .strictObject({
    listen: address.optional().describe('Loopback only. Off where unset.'),
  })
  .describe('Plain HTTP for operators on the host.');
