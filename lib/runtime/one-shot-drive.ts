// Drives one-shot runs to their end: all applications act first, then health is looked at for all of them together.
import type { Application } from '../core/config/model.ts';
import { type Failure, HoldfastError } from '../core/errors.ts';
import { emptyPlan } from '../core/plan/digest.ts';
import type { Plan } from '../core/plan/model.ts';
import type { Health, HealthReport } from '../core/plan/target.ts';
import { type Cost, noCost, type Outcome } from '../core/reconcile/state.ts';
import type { Home } from './home.ts';
import { type Candidate, lookShared, mapLimit, type Ready } from './one-shot.ts';
import type { SharedLook } from './perform.ts';
import { wakeApp } from './reconcile.ts';
import { appKey, appState } from './rows.ts';

export interface DriveOptions {
  readonly signal: AbortSignal;
  /** Wait for health. */
  readonly wait: boolean;
  readonly prune?: { readonly enabled: boolean; readonly confirmed: boolean };
}

/** How it went for one application. */
export interface AppliedApp {
  readonly app: Application;
  readonly plan: Plan;
  readonly outcome: Outcome;
  readonly runId?: string;
  readonly health: Health;
  readonly message: string;
  readonly failure?: Failure;
  readonly cost: Cost;
}

/** Enough applications at once to keep the target's connections busy: each has little to send per wave. */
const appsTogether = 48;
/** Fewer than this look at their health each for themselves. */
const fewApps = 4;
const firstGapMs = 300;
const lastGapMs = 5_000;

/** An application as it is when its turn comes: rendered, and looked at together with others. */
export interface Start {
  readonly one: Ready;
  /** Why its target could not be looked at; undefined when it did not render. */
  readonly look: SharedLook | Failure | undefined;
}

/** An application that is to be driven; those that come later may still be rendered while the first ones act. */
export interface Entry {
  readonly candidate: Candidate;
  readonly start: () => Promise<Start>;
}

type Result = AppliedApp | 'blocked' | 'following';

/** One application on its way: what was planned is remembered for the answer. */
class Ride {
  readonly candidate: Candidate;
  readonly #home: Home;
  readonly #options: DriveOptions;
  readonly #start: () => Promise<Start>;
  #started: Start | undefined;
  #lookedLongAgo = false;
  #plan: Plan | undefined;
  /** A person asks once: waking again only carries on with what was begun. */
  #asked = false;

  constructor(home: Home, { candidate, start }: Entry, options: DriveOptions) {
    this.#home = home;
    this.candidate = candidate;
    this.#start = start;
    this.#options = options;
  }

  get id(): string {
    return this.candidate.source.app.id;
  }

  /** Rendered or refused; what it renders to is not asked for twice. */
  async ready(): Promise<Ready> {
    return (this.#started ??= await this.#start()).one;
  }

  /** From the beginning, with a look of its own: the others have moved on since the shared one. */
  again(): void {
    this.#lookedLongAgo = true;
    this.#asked = false;
  }

  /** Goes as far as it can. With `later`, only until everything is written. */
  async go(health: HealthReport | 'later' | undefined): Promise<Result> {
    const { source } = this.candidate;
    const one = await this.ready();
    const look = this.#lookedLongAgo ? undefined : this.#started?.look;
    if (look !== undefined && 'code' in look) return failedApp(this.#home, source.app, source.revision, look);
    const known = this.#alreadyThere(one, look);
    if (known !== undefined) return known;
    if (!this.#asked) await this.#unpin();
    for (;;) {
      const wake = await wakeApp(this.#home, this.id, {
        signal: this.#options.signal,
        manual: !this.#asked,
        wait: this.#options.wait || health === 'later',
        onPlan: (made) => (this.#plan = made),
        overrides: {
          ...(look === undefined ? {} : { shared: look }),
          ...(health === undefined ? {} : { health }),
          ...(this.#options.prune === undefined ? {} : { prune: this.#options.prune }),
        },
      });
      if (wake.kind === 'busy') {
        await pause(this.#options.signal, 100);
        continue;
      }
      const { state } = wake;
      this.#asked = state.waitingFor.length === 0;
      if (state.run === undefined) return this.#ended(state);
      if (state.run.phase === 'follow' && health !== undefined) return 'following';
      await pause(this.#options.signal, Math.max(20, (wake.due ?? this.#home.now()) - this.#home.now()));
    }
  }

  /** Applying what Git says ends a rollback, as `sync` does. */
  async #unpin(): Promise<void> {
    if (this.candidate.state.pinned === undefined) return;
    const trigger = { kind: 'manual', at: this.#home.now(), note: 'holdfast apply' } as const;
    await this.#home.store.intend(appKey(this.id), { pin: undefined }, trigger);
  }

  /** At rest, proven equal, and healthy (or nobody waits for it): no lease, no run, no write. */
  #alreadyThere(one: Ready, look: SharedLook | undefined): AppliedApp | undefined {
    const { source } = this.candidate;
    if (one.kind !== 'ready' || look === undefined || !atRest(this.candidate)) return undefined;
    const { inSync, health, compared } = look.observation;
    if (!inSync || (this.#options.wait && health.health !== 'Healthy')) return undefined;
    const plan = emptyPlan(source.app, source.revision, compared, this.#home.hash);
    const message = health.health === 'Healthy' ? 'In sync' : `In sync; ${health.message}`;
    return {
      app: source.app,
      plan,
      outcome: 'succeeded',
      health: health.health,
      message,
      cost: { ...noCost, objects: compared },
    };
  }

  #ended(state: ReturnType<typeof appState>): Result {
    const { source, state: before } = this.candidate;
    if (state.waitingFor.length > 0) return 'blocked';
    const record = state.lastRun;
    // A run that an interrupted apply left behind is gone on with: it ends here, though it began there.
    if (record === undefined || record.id === before.lastRun?.id)
      return notStarted(this.#home, source.app, source.revision, state.message);
    const { outcome, health, message, cost, failure } = record;
    const plan = this.#plan ?? emptyPlan(source.app, source.revision, cost.objects, this.#home.hash);
    return {
      app: source.app,
      plan,
      outcome,
      runId: record.id,
      health,
      message,
      cost,
      ...(failure === undefined ? {} : { failure }),
    };
  }
}

/** Wakes applications until each is settled; those that wait for others come again when the others are done. */
export async function drive(
  home: Home,
  entries: readonly Entry[],
  options: DriveOptions,
): Promise<readonly AppliedApp[]> {
  const results = new Map<string, AppliedApp>();
  let pending: readonly Ride[] = entries.map((entry) => new Ride(home, entry, options));
  while (pending.length > 0) {
    const blocked = await driveTogether(home, pending, results, options);
    if (blocked.length === pending.length) {
      for (const ride of blocked)
        if (!results.has(ride.id)) results.set(ride.id, await stillBlocked(home, ride.candidate));
      break;
    }
    pending = blocked;
  }
  return entries.flatMap(({ candidate }) => results.get(candidate.source.app.id) ?? []);
}

/** Answers the applications that wait for others. */
async function driveTogether(
  home: Home,
  rides: readonly Ride[],
  results: Map<string, AppliedApp>,
  options: DriveOptions,
): Promise<readonly Ride[]> {
  const shared = rides.length > fewApps;
  const acted = await mapLimit(rides, appsTogether, async (ride) => ({
    ride,
    result: await ride.go(shared ? 'later' : undefined),
  }));
  const blocked: Ride[] = [];
  let following: Ride[] = [];
  for (const { ride, result } of acted) {
    if (result === 'blocked') blocked.push(ride);
    else if (typeof result === 'object' && waitsForHandover(result)) {
      results.set(ride.id, result);
      ride.again();
      blocked.push(ride);
    } else if (result === 'following') following.push(ride);
    else results.set(ride.id, result);
  }
  for (let gap = firstGapMs; following.length > 0; gap = Math.min(lastGapMs, gap * 1.6)) {
    following = await followTogether(home, following, results, options);
    if (following.length > 0) await pause(options.signal, gap);
  }
  return blocked;
}

/** An object still belongs to another application, which hands it over when its own turn comes. */
function waitsForHandover(result: AppliedApp): boolean {
  return result.failure?.code === 'OwnedByApplication' && result.failure.retryable;
}

/** One look at the health of all of them; answers those that are still on their way. */
async function followTogether(
  home: Home,
  rides: readonly Ride[],
  results: Map<string, AppliedApp>,
  options: DriveOptions,
): Promise<Ride[]> {
  const fresh = await mapLimit(rides, appsTogether, async (ride): Promise<Ready> => {
    const row = await home.store.read(appKey(ride.id));
    const state = row === undefined ? ride.candidate.state : appState(row);
    return { ...(await ride.ready()), candidate: { ...ride.candidate, state } };
  });
  const looks = await lookShared(home, fresh, { depth: 'check', signal: options.signal });
  const done = await mapLimit(rides, appsTogether, async (ride) => {
    const look = looks.get(ride.id);
    const health = look === undefined || 'code' in look ? undefined : look.observation.health;
    // What cannot tell its health, or could not be looked at, gets the patience of a look of its own.
    return { ride, result: await ride.go(health?.health === 'Unknown' ? undefined : health) };
  });
  const following: Ride[] = [];
  for (const { ride, result } of done) {
    if (typeof result === 'string') following.push(ride);
    else results.set(ride.id, result);
  }
  return following;
}

function atRest(candidate: Candidate): boolean {
  const { source, state } = candidate;
  return (
    state.run === undefined &&
    state.failed === undefined &&
    state.applied?.inputsKey === source.inputsKey &&
    source.held === undefined &&
    state.pinned === undefined
  );
}

function failedApp(home: Home, app: Application, revision: string, failure: Failure): AppliedApp {
  return {
    app,
    plan: emptyPlan(app, revision, 0, home.hash),
    outcome: 'failed',
    health: 'Unknown',
    message: failure.message,
    failure,
    cost: noCost,
  };
}

function notStarted(home: Home, app: Application, revision: string, message: string): AppliedApp {
  const failure: Failure = {
    code: 'NotApplied',
    source: 'user',
    message,
    retryable: false,
    object: app.name,
    next: `holdfast plan ${app.name}`,
  };
  return failedApp(home, app, revision, failure);
}

async function stillBlocked(home: Home, { source }: Candidate): Promise<AppliedApp> {
  const row = await home.store.read(appKey(source.app.id));
  return notStarted(
    home,
    source.app,
    source.revision,
    row === undefined ? 'Waits for another application' : appState(row).message,
  );
}

/** Waits, or throws `Interrupted` when the person does not want to wait any more. */
export async function pause(signal: AbortSignal, ms: number): Promise<void> {
  if (signal.aborted) throw interrupted();
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        reject(interrupted());
      },
      { once: true },
    );
  });
}

function interrupted(): HoldfastError {
  return new HoldfastError({
    code: 'Interrupted',
    source: 'user',
    message: 'Stopped; what was written is recorded',
    next: 'holdfast apply',
  });
}
