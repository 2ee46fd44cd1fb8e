// Carries out the effects of one application's step function: render, observe, prepare, act, follow. Decides nothing.
import type { Application } from '../core/config/model.ts';
import { asFailure, HoldfastError, type Failure } from '../core/errors.ts';
import type {
  ActResult,
  HealthReport,
  Inventory,
  Observation,
  ObserveRequest,
  Prepared,
  Step,
  Target,
  TargetContext,
} from '../core/plan/target.ts';
import type { RenderOutcome } from '../core/reconcile/record.ts';
import type { AppSource, AppState, RunState } from '../core/reconcile/state.ts';
import type { Desired } from '../core/render/model.ts';
import { readDesired, renderSource } from './desired.ts';
import type { Home } from './home.ts';
import { inventoryPlace } from './move.ts';
import { readInventory, readVersioned, writeVersioned } from './rows.ts';
import { wantedElsewhere } from './wanted-elsewhere.ts';

/** What one-shot commands have asked of many applications at once, so that lists are shared. */
export interface SharedLook {
  readonly request: ObserveRequest;
  readonly observation: Observation;
}

/** Overrides of one wake, from the command line. */
export interface Overrides {
  readonly prune?: { readonly enabled: boolean; readonly confirmed: boolean };
  readonly shared?: SharedLook;
  /** Health, looked at for many applications at once: `later` = not yet, the run waits. */
  readonly health?: HealthReport | 'later';
}

/** What is kept in memory between the effects of one wake; losing it costs only looking again. */
export interface Bench {
  request?: ObserveRequest;
  observation?: Observation;
  prepared?: Prepared;
  /** Of the blobs that were read or written last: their keys say what is in them. */
  inventory?: { readonly key: string; readonly value: Inventory };
  desired?: { readonly key: string; readonly value: Promise<Desired> };
}

export interface Performer {
  readonly home: Home;
  readonly app: Application;
  readonly source: AppSource;
  readonly overrides: Overrides;
  readonly bench: Bench;
  readonly signal: AbortSignal;
  /** Throws LeaseLost. */
  readonly guard: () => void;
  /** Fenced write of the inventory pointer. */
  readonly saveInventory: (inventory: Inventory) => Promise<void>;
}

/** Anything thrown by an adapter as a failed step; losing the lease or being stopped goes through. */
async function step<T>({ signal }: Pick<Performer, 'signal'>, work: () => Promise<Step<T>>): Promise<Step<T>> {
  let answer: Step<T>;
  try {
    answer = await work();
  } catch (error) {
    if (error instanceof HoldfastError && (error.code === 'LeaseLost' || error.code === 'Stopped')) throw error;
    answer = { status: 'failed', cause: asFailure(error) };
  }
  // What fails because it was told to stop says nothing about the target.
  if (answer.status === 'failed' && signal.aborted) throw whyStopped(signal);
  return answer;
}

/** Thrown where work ends because this process is asked to stop: no outcome, the run goes on at the next start. */
export function stopped(): HoldfastError {
  const message = 'Stopped; what was written is recorded, and the run goes on at the next start';
  return new HoldfastError({ code: 'Stopped', source: 'system', message, retryable: true });
}

function whyStopped(signal: AbortSignal): HoldfastError {
  return signal.reason instanceof HoldfastError ? signal.reason : stopped();
}

function context(performer: Performer, runId: string): TargetContext {
  const { home, app } = performer;
  return {
    installation: home.installation,
    runId,
    hash: home.hash,
    hmac: home.hmac,
    now: home.now,
    signal: performer.signal,
    guard: performer.guard,
    saveInventory: performer.saveInventory,
    report: (line) => home.emit({ event: 'object', at: home.now(), app: app.name, run: runId, message: line }),
  };
}

/** Desired state of the run: from the cache, from history (rollback), or rendered now. */
export async function render(performer: Performer, run: RunState): Promise<RenderOutcome> {
  const { home, source } = performer;
  try {
    if (run.mode === 'rollback') return await fromHistory(home, run);
    if (source.problems.length > 0) return { kind: 'refused', problems: source.problems };
    return await renderSource(home, source, performer.signal);
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'LeaseLost') throw error;
    if (performer.signal.aborted) throw whyStopped(performer.signal);
    return { kind: 'failed', failure: asFailure(error) };
  }
}

async function fromHistory(home: Home, run: RunState): Promise<RenderOutcome> {
  const stored = run.note === undefined ? undefined : await home.store.run(run.note);
  const record = stored?.record as { desired?: string; desiredDigest?: string; revision?: string } | undefined;
  if (record?.desired !== undefined && record.desiredDigest !== undefined && (await home.blobs.has(record.desired))) {
    const { desired: key, desiredDigest: digest, revision } = record;
    return { kind: 'desired', key, digest, ...(revision === undefined ? {} : { revision }) };
  }
  throw new HoldfastError({
    code: 'RollbackGone',
    source: 'user',
    message: `What run ${run.note ?? ''} applied is no longer kept`,
    next: 'holdfast history APP',
  });
}

/** What to ask the target: for a run its desired state, at rest what was last applied. */
export async function requestFor(
  performer: Pick<Performer, 'home' | 'source' | 'overrides'> & { readonly bench?: Bench },
  state: AppState,
  depth: ObserveRequest['depth'],
): Promise<ObserveRequest> {
  const { home, source, overrides, bench = {} } = performer;
  const wanted = state.run ?? state.applied;
  const here = state.target === undefined || state.target === inventoryPlace(source);
  const inventory = here ? state.inventory : undefined;
  const stored = await knownInventory(home, inventory, bench);
  const desired = (): Promise<Desired> => knownDesired(home, wanted?.desired ?? '', bench);
  const wantedBy = state.run === undefined ? undefined : await wantedElsewhere(home, source, stored, desired);
  return {
    app: source.app,
    revision: wanted?.revision ?? source.revision,
    desiredDigest: wanted?.desiredDigest ?? '',
    desired,
    inventory: stored,
    ...(wantedBy === undefined ? {} : { wantedBy }),
    ...(state.applied === undefined || !here || state.failed?.partial === true || state.run?.partial === true
      ? {}
      : { appliedDigest: state.applied.desiredDigest }),
    depth,
    pruneHeld: inventory === undefined,
    ...(overrides.prune === undefined ? {} : { prune: overrides.prune }),
  };
}

async function knownInventory(home: Home, key: string | undefined, bench: Bench): Promise<Inventory> {
  if (key !== undefined && bench.inventory?.key === key) return bench.inventory.value;
  const value = await readInventory(home.blobs, key);
  if (key !== undefined) bench.inventory = { key, value };
  return value;
}

function knownDesired(home: Home, key: string, bench: Bench): Promise<Desired> {
  if (bench.desired?.key === key) return bench.desired.value;
  const value = readDesired(home, key);
  bench.desired = { key, value };
  // What could not be read is read again.
  value.catch(() => delete bench.desired);
  return value;
}

/** Asks the target about this one application. */
export async function observe(performer: Performer, state: AppState, target: Target): Promise<Step<Observation>> {
  const { overrides, bench } = performer;
  const runId = state.run?.id ?? 'look';
  return await step(performer, async () => {
    const shared = overrides.shared;
    if (state.run !== undefined && shared !== undefined && shared.request.desiredDigest === state.run.desiredDigest) {
      bench.request = shared.request;
      bench.observation = shared.observation;
      return { status: 'done', value: shared.observation };
    }
    const request = await requestFor(performer, state, state.run === undefined ? 'check' : 'apply');
    const answer = await target.observe(
      [request],
      context(performer, runId),
      state.run === undefined ? state.lookToken : state.run.token,
    );
    if (answer.status !== 'done') return answer;
    const observation = answer.value[0];
    if (observation === undefined) return { status: 'failed', cause: noAnswer(performer.app) };
    bench.request = request;
    bench.observation = observation;
    return { status: 'done', value: observation };
  });
}

function noAnswer(app: Application): Failure {
  return {
    code: 'NoObservation',
    source: 'system',
    message: `Target ${app.target} gave no answer for ${app.name}`,
    retryable: true,
  };
}

/** The plan of a run. The observation is made again when this process does not hold it. */
export async function prepare(performer: Performer, state: AppState, target: Target): Promise<Step<Prepared>> {
  const { bench } = performer;
  return await step(performer, async () => {
    if (bench.request === undefined || bench.observation === undefined) {
      const seen = await observe(
        performer,
        { ...state, run: state.run === undefined ? undefined : { ...state.run, token: undefined } },
        target,
      );
      if (seen.status !== 'done') return seen;
    }
    const { request, observation } = bench;
    if (request === undefined || observation === undefined) return { status: 'failed', cause: noAnswer(performer.app) };
    const answer = await target.prepare(
      request,
      observation,
      context(performer, state.run?.id ?? 'plan'),
      state.run?.token,
    );
    if (answer.status === 'done') bench.prepared = answer.value;
    return answer;
  });
}

const preparedKey = (run: RunState): string => `prepared/${run.id}`;

/** Carries out the plan; a plan that a waiting step needs again is kept as a blob. */
export async function act(
  performer: Performer,
  state: AppState,
  run: RunState,
  target: Target,
): Promise<Step<ActResult>> {
  const { bench, home } = performer;
  return await step(performer, async () => {
    bench.prepared ??=
      run.token === undefined ? undefined : await readVersioned<Prepared>(home.blobs, preparedKey(run));
    if (bench.prepared === undefined) {
      const cause: Failure = {
        code: 'PlanLost',
        source: 'system',
        message: 'The worker stopped before it acted; planning again',
        retryable: true,
      };
      return { status: 'failed', cause };
    }
    bench.request ??= await requestFor(performer, state, 'apply');
    const answer = await target.act(bench.request, bench.prepared, context(performer, run.id), run.token);
    if (answer.status === 'done' && performer.signal.aborted && answer.value.failures.some(isInterruption))
      throw whyStopped(performer.signal);
    if (answer.status === 'wait') await writeVersioned(home.blobs, preparedKey(run), bench.prepared);
    else if (run.token !== undefined) await home.blobs.delete(preparedKey(run));
    return answer;
  });
}

/** Milliseconds between two looks at health that were made for this application alone. */
const sharedGapMs = 300;

/** What acting answers of an object that it did not come to. */
function isInterruption(failure: Failure): boolean {
  return failure.code === 'Interrupted';
}

/** Removes what a plan that is not carried out left in the target. A failure only leaves it there. */
export async function discard(performer: Performer, runId: string, target: Target, prepared: Prepared): Promise<void> {
  try {
    await target.discard(prepared, context(performer, runId));
  } catch (error) {
    const { home, app } = performer;
    const { message } = asFailure(error);
    home.emit({ event: 'discard-failed', at: home.now(), app: app.name, run: runId, message });
  }
}

/** Health after acting. */
export async function follow(
  performer: Performer,
  state: AppState,
  run: RunState,
  target: Target,
): Promise<Step<HealthReport>> {
  return await step(performer, async () => {
    const { bench, overrides } = performer;
    // Nothing was written: the observation just made tells health as well as a new look would.
    const quiet =
      bench.prepared === undefined && bench.observation?.inSync === true ? bench.observation.health : undefined;
    const known = overrides.health ?? quiet;
    if (known === 'later') return { status: 'wait', afterMs: 0, token: '' };
    if (known !== undefined && (overrides.health !== undefined || known.health === 'Healthy'))
      return settledHealth(known);
    const request = await requestFor(performer, state, 'check');
    return await target.follow(request, context(performer, run.id), run.token);
  });
}

function settledHealth(report: HealthReport): Step<HealthReport> {
  if (report.health === 'Progressing' || report.health === 'Missing')
    return { status: 'wait', afterMs: sharedGapMs, token: '', note: report.message };
  return { status: 'done', value: report };
}
