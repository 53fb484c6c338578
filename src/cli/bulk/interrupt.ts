import process from 'node:process';

/** The signal then does what it would have done: nothing is lost, so nothing needs an end. */
export function tellOfInterrupt(tell: () => void) {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const heard = (signal: NodeJS.Signals) => {
    off();
    tell();
    process.kill(process.pid, signal);
  };
  const off = () => {
    for (const signal of signals) process.off(signal, heard);
  };
  for (const signal of signals) process.on(signal, heard);
  return { off };
}
