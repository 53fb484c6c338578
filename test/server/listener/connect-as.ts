import { connect } from 'node:net';
import process from 'node:process';

/** `connect-as.ts PATH UID GID`: sends `connected`, or the error's code. */
const [path = '', uid, gid] = process.argv.slice(2);
process.setgroups?.([]);
process.setgid?.(Number(gid));
process.setuid?.(Number(uid));
const socket = connect(path);
socket.once('connect', () => tell('connected'));
socket.once('error', ({ code }: NodeJS.ErrnoException) => tell(code ?? ''));

function tell(what: string): void {
  process.send?.(what);
  process.disconnect();
  socket.destroy();
}
