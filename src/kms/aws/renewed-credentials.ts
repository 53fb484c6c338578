import { firstLine, messageOf } from '../../thrown.ts';

/** Renewed this long before they end, or half of their time if that is less: somebody can still mend a source that fails. */
const RENEWED_MS = 900_000;
/** A source that gives nothing is asked again after this, and while there are credentials to sign with after that. */
const FAILED_REST_MS = 1_000;
const RENEWED_REST_MS = 10_000;
/** Credentials that end sooner must be followed by ones that end later. */
const LATE_MS = 300_000;
const BETWEEN_WARNINGS_MS = 60_000;

/** Of what the SDK's providers give. */
export interface Expiring {
  readonly expiration?: Date | undefined;
}

export interface CredentialsState {
  /** Milliseconds since the Unix epoch; 0 for never, or if there are none. */
  readonly endsAt: number;
  /** Whether the last attempt to renew them failed. */
  readonly failing: boolean;
}

export interface CredentialsWatch {
  readonly onCredentials?: ((state: CredentialsState) => void) | undefined;
  /** Called with a sentence about a failure before the credentials at hand have ended. */
  readonly warn?: ((sentence: string) => void) | undefined;
}

interface Clocks {
  /** Milliseconds since the Unix epoch. */
  readonly wall?: () => number;
  /** Monotonic, in milliseconds. */
  readonly ticks?: () => number;
}

interface Held<Given> {
  readonly credentials: Given;
  readonly endsAt: number;
  readonly renewAt: number;
  readonly pastWhenGiven: boolean;
}

/**
 * Keeps credentials, and asks for the next ones while calls sign with these. So does the SDK, but it says nothing
 * while that fails, and where the source's answer is past by our clock, it asks again for each call. Such an answer is
 * used, as by the SDK: whose clock is wrong, KMS knows.
 */
export function renewCredentials<
  Options extends { readonly forceRefresh?: boolean },
  Given extends Expiring,
>(
  ask: (options?: Options) => Promise<Given>,
  watch: CredentialsWatch,
  { wall = Date.now, ticks = () => performance.now() }: Clocks = {},
): (options?: Options) => Promise<Given> {
  const tell = createTeller(watch, { wall, ticks });
  let held: Held<Given> | undefined;
  let failure: unknown;
  let asking: Promise<void> | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;

  const take = (credentials: Given, anew: boolean) => {
    const next = hold(credentials, wall());
    const why = isLate(next, held, wall()) ? 'their source gives none that end later' : '';
    if (anew || !endsSooner(next, held, wall())) held = next;
    failure = undefined;
    tell(held, why);
  };
  const fail = (thrown: unknown) => {
    failure = thrown ?? new Error('no reason given');
    tell(held, messageOf(failure));
  };
  const renew = (options: Options | undefined): Promise<void> => {
    const anew = options?.forceRefresh === true;
    asking ??= ask(options)
      .then((given) => take(given, anew), fail)
      .finally(() => {
        asking = undefined;
        askedAt = ticks();
      });
    return asking;
  };

  return async (options) => {
    const anew = options?.forceRefresh === true;
    if (held && !anew && isUsable(held, wall())) {
      const isDue = wall() >= held.renewAt || failure !== undefined;
      if (isDue && ticks() - askedAt >= RENEWED_REST_MS) void renew(options);
      return held.credentials;
    }
    const rests = failure !== undefined && ticks() - askedAt < FAILED_REST_MS;
    if (!rests) await renew(options);
    // What KMS rejected once it may take the next time, and nobody has better ones.
    if (held && (failure === undefined || isUsable(held, wall()))) return held.credentials;
    throw failure;
  };
}

function hold<Given extends Expiring>(credentials: Given, now: number): Held<Given> {
  const endsAt = credentials.expiration?.getTime() ?? Number.POSITIVE_INFINITY;
  const renewAt = endsAt - Math.min(RENEWED_MS, (endsAt - now) / 2);
  return { credentials, endsAt, renewAt, pastWhenGiven: endsAt <= now };
}

const isUsable = ({ pastWhenGiven, endsAt }: Held<unknown>, now: number): boolean =>
  pastWhenGiven || now < endsAt;

const isLate = (next: Held<unknown>, held: Held<unknown> | undefined, now: number): boolean =>
  next.pastWhenGiven ||
  (next.endsAt - now < LATE_MS && held !== undefined && next.endsAt <= held.endsAt);

/** A source whose own renewal fails may give ones that have ended. */
const endsSooner = (next: Held<unknown>, held: Held<unknown> | undefined, now: number): boolean =>
  held !== undefined && now < held.endsAt && next.endsAt < held.endsAt;

/** Where no credentials are left to sign with, the calls that fail are logged, and why. */
function createTeller({ onCredentials, warn }: CredentialsWatch, clocks: Required<Clocks>) {
  let warnedAt = Number.NEGATIVE_INFINITY;
  return (held: Held<unknown> | undefined, why: string): void => {
    const ends = held !== undefined && Number.isFinite(held.endsAt);
    onCredentials?.({ endsAt: ends ? held.endsAt : 0, failing: why !== '' });
    if (why === '' || !ends || !isUsable(held, clocks.wall())) return;
    if (clocks.ticks() - warnedAt < BETWEEN_WARNINGS_MS) return;
    warnedAt = clocks.ticks();
    const end = new Date(held.endsAt).toISOString();
    warn?.(`the AWS credentials that end at ${end} could not be renewed: ${firstLine(why)}`);
  };
}
