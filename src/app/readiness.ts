import { watchEventLoop } from '../life/event-loop.ts';
import type { Stack } from './stack.ts';

/** Whether calls can be served, and the status of every part. */
interface Readiness {
  current(): { readonly ready: boolean; readonly checks: object };
  /** Every door is open: whoever sees it ready may call at once. */
  begin(): void;
  /** From here on it is not ready, whatever its parts say. */
  end(): void;
}

interface Watched {
  readonly policy: { status(): PolicyState };
  readonly audit: { status(): { readonly state: 'ok' | 'suspended' } };
  readonly onChange: (ready: boolean) => void;
  /** Policy may not be asked any more, and why; '' once it may again. */
  readonly onStale: (why: string) => void;
}

interface PolicyState {
  readonly revision: string;
  readonly stale?: boolean;
  readonly error?: string;
}

/** How soon a change is reported: a suspended audit log must be known within 100 ms. */
const LOOK_MS = 50;

/**
 * Ready means that the doors are open, policy can decide, the audit log can record, and the process
 * gets to run.
 */
export function watchReadiness(watched: Watched, opened: Stack): Readiness {
  const { policy, audit, onChange, onStale } = watched;
  const loop = watchEventLoop();
  let open = false;
  let told: boolean | undefined;
  let staleTold = false;

  const current = () => {
    const checks = {
      doors: { open },
      policy: policy.status(),
      audit: audit.status(),
      event_loop: { on_time: loop.healthy() },
    };
    const { stale = false } = checks.policy;
    const able = !stale && checks.audit.state === 'ok' && checks.event_loop.on_time;
    return { ready: open && able, checks };
  };
  const look = (): void => {
    const { ready, checks } = current();
    const { stale = false, error = '' } = checks.policy;
    if (stale !== staleTold) onStale(stale ? error : '');
    staleTold = stale;
    if (ready === told) return;
    told = ready;
    onChange(ready);
  };
  const timer = setInterval(look, LOOK_MS);
  timer.unref();
  opened.push(async () => {
    clearInterval(timer);
    loop.close();
  });
  const become = (next: boolean): void => {
    open = next;
    look();
  };
  look();
  return { current, begin: () => become(true), end: () => become(false) };
}
