import { once } from 'node:events';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { type App, startApp } from '../app.ts';
import type { Config } from '../config/schema.ts';
import { readRegular } from '../files/regular.ts';
import { findDangers } from '../life/dangers.ts';
import { openLog, openPrint } from '../life/log.ts';
import { endSoon, type Watch, watchProcess } from '../life/process.ts';
import { messageOf } from '../thrown.ts';
import { CommandFailure, EXIT, type Terminal } from './command.ts';
import { type ConfigOptions, readConfig, withConfigOptions } from './config.ts';
import { demoCalls } from './demo-calls.ts';
import { examples } from './examples.ts';
import { program } from './program.ts';
import { tellReload } from './reload.ts';

export const run = program('serve', (command, terminal) => {
  withConfigOptions(command)
    .description('Run the proxy until SIGTERM or SIGINT.')
    .addHelpText(
      'after',
      examples(
        'serve --config config.yaml',
        'serve --config config.yaml --set policy.enforce=false',
      ),
    )
    .action(async (options: ConfigOptions) => {
      refuseDangers(terminal.env);
      const config = readConfig(options, terminal);
      const log = openLog(process.stderr);
      const watch = watchProcess(process, log);
      const print = openPrint(process.stdout, log);
      const start = startApp(config, { log, print, env: terminal.env }).catch(cannotStart);
      const app = await unlessEnded(start, watch);
      if (!app) return process.exit(EXIT.ok);
      watch.handle({
        reload() {
          app
            .reload()
            .catch((error) => log.error(`not everything was reloaded: ${messageOf(error)}`));
          tellReload(log, config, () => {
            // A FIFO, which does for a start, would hold up the proxy until somebody writes.
            if (options.config !== undefined) readRegular(options.config);
            return readConfig(options, terminal);
          });
        },
        lastWords: app.lastWords,
      });
      announce(app, config, terminal);
      await watch.ending;
      await Promise.race([app.stop(watch.hurry), whenHurried(watch)]);
      watch.release();
      endSoon(process);
    });
});

/** How long a start may go on after a signal to end: most are done by then, and end in order. */
const LAST_START_MS = 500;

/** Ends a start early: nobody is served yet, and waiting for a bundle service may take half a minute. */
function unlessEnded(start: Promise<App>, { ending, hurry }: Watch): Promise<App | undefined> {
  const wait = () => sleep(LAST_START_MS, undefined, { signal: hurry }).catch(() => undefined);
  return Promise.race([start, ending.then(wait)]);
}

/** How long stopping may go on after a second signal: enough for the audit log, not for a sink that hangs. */
const LAST_STOP_MS = 500;

async function whenHurried({ hurry }: Watch): Promise<void> {
  if (!hurry.aborted) await once(hurry, 'abort');
  await sleep(LAST_STOP_MS);
}

function refuseDangers(env: Terminal['env']): void {
  const dangers = findDangers({ env, execArgv: process.execArgv });
  if (dangers.length === 0) return;
  throw new CommandFailure(
    `refusing to run in this environment:\n  ${dangers.join('\n  ')}`,
    EXIT.usage,
  );
}

function cannotStart(error: unknown): never {
  throw new CommandFailure(messageOf(error), EXIT.failure);
}

function announce(app: App, config: Config, { stdout, env }: Terminal): void {
  const { grpc, kmsJson, probe, admin } = app.addresses;
  const doors = [
    `gRPC on ${grpc.join(', ')}`,
    ...(kmsJson === '' ? [] : [`AWS’s protocol on http://${kmsJson}`]),
    `probe on http://${probe} (/metrics, /livez, /readyz)`,
    ...(admin === '' ? [] : [`admin on ${admin} (/policy, /audit)`]),
  ];
  stdout.write(`${doors.join(', ')}\n`);
  const endpoint = inClear(config.grpc, grpc);
  if (app.embedded && endpoint !== undefined)
    stdout.write(demoCalls({ embedded: app.embedded, endpoint, env }));
}

/** The first address where a call needs no CA and no certificate, which what is printed cannot name. */
function inClear({ tls, listeners }: Config['grpc'], addresses: readonly string[]) {
  if (!tls) return addresses[0];
  return addresses.find((at, index) => at.startsWith('unix:') || listeners[index - 1]?.plaintext);
}
