import process from 'node:process';

/** grpc-js names a server by its IP address, which Node warns of; it is nothing that a caller could mend. */
export function allowIpNames(): void {
  process.noDeprecation = true;
}
