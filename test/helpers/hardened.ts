import process from 'node:process';

/** Without these the suite would pass but prove nothing. */
if (process.permission?.has('fs.write', '/etc/hosts') !== false) {
  throw new Error('this suite must run under node --permission');
}
if (Object.hasOwn(Object.prototype, '__proto__')) {
  throw new Error('this suite must run with --disable-proto=delete');
}
