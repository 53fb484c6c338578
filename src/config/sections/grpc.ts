import { z } from 'zod';
import { address } from '../values.ts';

export const grpc = z
  .strictObject({
    listen: address.default('127.0.0.1:50051').describe('Where the gRPC service listens.'),
  })
  .describe('The gRPC front door.');
