import { readFileSync } from 'node:fs';
import type { Config } from '../config/schema.ts';

/** Connections to KMS and of probes, and the proxy's own files. */
const OTHERS = 900;

/**
 * What to warn of if the doors may have more connections than the process may have open files, or ''. Past that
 * limit the kernel refuses honest clients, KMS and the audit log's files alike, and tells the proxy of none
 * that it turned away.
 * @param limits the text of /proc/self/limits
 */
export function tooFewFiles(config: Pick<Config, 'grpc' | 'kms_json'>, limits: string): string {
  const { grpc, kms_json: kmsJson } = config;
  const jsonConnections = kmsJson.listen === undefined ? 0 : kmsJson.max_connections;
  const needed = grpc.connections.max * (1 + grpc.listeners.length) + jsonConnections + OTHERS;
  // Node has already raised the soft limit to the hard one, or as far as it may.
  const most = Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  if (most >= needed) return '';
  return `this process may have ${most} open files, but its doors may need ${needed}: raise that limit (ulimit -n), or lower grpc.connections.max and kms_json.max_connections`;
}

/** '' where there is no such file, or it may not be read. */
export function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return '';
  }
}
