import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import { packaged } from '../packaged.ts';

/** Where the `.proto` files are, in the repository and in the package alike. */
export const PROTO_ROOT = packaged('proto');

/** Messages and services of a file below PROTO_ROOT, under their full names; the flags are those of the types in `gen/`. */
export function loadProto(file: string): PackageDefinition {
  return loadSync(file, {
    includeDirs: [PROTO_ROOT],
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  });
}
