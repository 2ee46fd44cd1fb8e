// One wake of one application: take the lease, decide, do, record, until there is nothing to do now; then give the row back.
import type { Plan } from '../core/plan/model.ts';
import { decide } from '../core/reconcile/decide.ts';
import type { Effect, Facts } from '../core/reconcile/facts.ts';
import { afterKills, workersLost } from '../core/reconcile/killed.ts';
import { LEASE_TTL_MS } from '../core/reconcile/lease.ts';
import type { Recorded } from '../core/reconcile/record.ts';
import type { AppState, RunRecord } from '../core/reconcile/state.ts';
import type { Lease, Row } from '../core/reconcile/store.ts';
import { forgetPrune, isAskedFor } from './asked-for.ts';
import { CostMeter, metered } from './cost.ts';
import { type Desk, performEffect, performerAt, targetOf } from './effects.ts';
import { giveBack } from './give-back.ts';
import type { Home } from './home.ts';
import { keepLease } from './lease-keeper.ts';
import { isReady, ringDependents, sendEvents, unready } from './outbox.ts';
import { type Bench, discard, type Overrides, stopped } from './perform.ts';
import { appKey, appSource, appState, asJson } from './rows.ts';

export interface WakeOptions {
  readonly signal: AbortSignal;
  readonly overrides?: Overrides;
  /** A person asks now: run even when nothing changed. */
  readonly manual?: boolean;
  /** False: a run ends when everything is written. Default true. */
  readonly wait?: boolean;
  /** Hears the plan of a run before it is carried out. */
  readonly onPlan?: (plan: Plan) => void;
}

/** How a wake ended. `due`: look again then. */
export type Wake =
  | { readonly kind: 'busy' }
  | { readonly kind: 'rest'; readonly state: AppState; readonly due?: number };

/** Looks at one application until nothing is to be done now. Failures of the user's world are state; only a lost store or lease throws. */
export async function wakeApp(home: Home, id: string, options: WakeOptions): Promise<Wake> {
  const key = appKey(id);
  const sent = home.monotonic();
  const taken = await home.store.take(key, home.holder, LEASE_TTL_MS);
  if (taken === undefined) return { kind: 'busy' };
  const keeper = keepLease({ store: home.store, key, lease: taken.lease, monotonic: home.monotonic, sentAt: sent });
  const signal = AbortSignal.any([options.signal, keeper.signal]);
  let waker: Waker | undefined;
  try {
    // A row of a newer version cannot be read.
    waker = new Waker(home, taken.row, taken.lease, { ...options, signal }, keeper.guard);
    return await waker.work();
  } catch (error) {
    await (waker === undefined ? giveBack(home, taken.row, taken.lease, error) : waker.giveBack(error));
    throw error;
  } finally {
    await keeper.stop();
  }
}

/**
 * When events that were not accepted are sent again: after as long as the oldest waits already. A bus that is gone must not wake
 * every application twice a minute.
 */
const resend = { firstMs: 30_000, lastMs: 3_600_000 };

function resendAt(outbox: AppState['outbox'], now: number): number {
  const waited = now - Math.min(...outbox.map((event) => event.at));
  return now + Math.min(Math.max(waited, resend.firstMs), resend.lastMs);
}

class Waker {
  readonly #home: Home;
  readonly #lease: Lease;
  readonly #options: WakeOptions;
  readonly #guard: () => void;
  readonly #meter = new CostMeter();
  readonly #startedAt: number;
  #row: Row;
  #state: AppState;
  #looked = false;
  /** Events of this wake were not accepted. */
  #refused = false;
  /** The plan of this wake was begun to be carried out. */
  #acted = false;
  #wasReady: boolean;
  readonly #manualSync: number | undefined;
  #bench: Bench = {};

  constructor(home: Home, row: Row, lease: Lease, options: WakeOptions, guard: () => void) {
    this.#home = home;
    this.#row = row;
    this.#lease = lease;
    this.#options = options;
    this.#guard = guard;
    this.#state = appState(row);
    // A run that is on its way is gone on with: asking again at each wake would end its wait each time.
    this.#manualSync =
      options.manual === true ? this.#state.synced + (this.#state.run === undefined ? 1 : 0) : undefined;
    this.#startedAt = home.monotonic();
    this.#wasReady = this.#state.sync === 'Synced' && isReady(appSource(row), this.#state);
  }

  /** After an exception. A run that was stopped goes on from here at the next start. */
  async giveBack(error: unknown): Promise<void> {
    await giveBack(this.#home, this.#row, this.#lease, error, asJson(this.#state));
  }

  async work(): Promise<Wake> {
    return await metered(this.#meter, async () => {
      const held = await this.#holdBack();
      if (held !== undefined) return held;
      // Left by a process that died while it told of the end of a run: perhaps before the line of history, too.
      if (this.#state.outbox.length > 0 && this.#state.lastRun !== undefined) await this.#keepRun(this.#state.lastRun);
      await this.#sendOutbox();
      for (;;) {
        this.#guard();
        if (this.#options.signal.aborted) throw stopped();
        const facts = await this.#facts();
        const decision = decide(this.#state, facts);
        const before = this.#state;
        this.#state = decision.state;
        this.#announce(before, facts);
        const end = await this.#carryOut(decision.effect, facts);
        if (end !== undefined) return end;
      }
    });
  }

  /** Workers before this one ended in the middle of the work: it would only be the next. A person who asks now is not held back. */
  async #holdBack(): Promise<Wake | undefined> {
    const lost = workersLost(this.#row);
    if (this.#options.manual === true || (lost === 0 && this.#state.killed === undefined)) return undefined;
    const facts = await this.#facts();
    const after = afterKills(this.#state, facts, lost);
    this.#state = after.state;
    if (after.kind === 'go') return undefined;
    const app = facts.source?.app.name;
    if (after.news) this.#home.emit({ event: 'worker-failed', at: facts.now, app, message: this.#state.message });
    const release = { seen: this.#row.wanted, state: asJson(this.#state), due: after.due };
    const answer = await this.#home.store.release(this.#row.key, this.#lease, release);
    if (answer.kind === 'released') return { kind: 'rest', state: this.#state, due: after.due };
    // What came meanwhile may be what mends it.
    this.#row = answer.row;
    return await this.#holdBack();
  }

  async #facts(): Promise<Facts> {
    const source = appSource(this.#row);
    const { intent } = this.#row;
    return {
      now: this.#home.now(),
      source,
      intent: this.#manualSync === undefined ? intent : { ...intent, pin: undefined, sync: this.#manualSync },
      triggers: this.#row.reasons,
      waitingFor: source === undefined ? [] : await unready(this.#home.store, source.app),
      newRunId: this.#home.newId(),
      jitter: this.#home.random(),
      followLimitMs: this.#home.settings.followLimitMs,
      looked: this.#looked,
      waitForHealth: this.#options.wait ?? true,
    };
  }

  /** Says that a run started, when the state has one that it did not have before. */
  #announce(before: AppState, facts: Facts): void {
    const { run } = this.#state;
    if (run === undefined || run.id === before.run?.id) return;
    this.#bench = {};
    this.#acted = false;
    const what =
      run.mode === 'heal'
        ? 'healing'
        : run.mode === 'rollback'
          ? 'rolling back'
          : `applying ${run.revision.slice(0, 8)}`;
    this.#home.emit({
      event: 'run-started',
      at: facts.now,
      app: facts.source?.app.name,
      run: run.id,
      message: `${what} (${run.trigger})`,
      data: { mode: run.mode, trigger: run.trigger, revision: run.revision },
    });
  }

  /** Does one effect; answers the end of the wake, or undefined to go on. */
  async #carryOut(effect: Effect, facts: Facts): Promise<Wake | undefined> {
    if (effect.kind === 'rest') return await this.#rest(effect.due);
    if (effect.kind === 'settle') return await this.#settle(effect.record, facts);
    const source = facts.source;
    if (source === undefined) return await this.#rest(undefined);
    if (effect.kind === 'act') {
      await this.#save();
      this.#acted = true;
    }
    const began = this.#home.monotonic();
    if (effect.kind === 'look') this.#looked = true;
    const recorded = await performEffect(effect.kind, facts, this.#desk(), source);
    this.#meter.time(effect.kind, this.#home.monotonic() - began);
    return await this.#after(recorded, facts);
  }

  async #after(recorded: Recorded, facts: Facts): Promise<Wake | undefined> {
    const charge = (state: AppState): AppState =>
      state.run === undefined ? state : { ...state, run: { ...state.run, cost: this.#meter.addTo(state.run.cost) } };
    if (recorded.kind === 'end') {
      this.#state = recorded.decision.state;
      return await this.#carryOut(recorded.decision.effect, facts);
    }
    const before = this.#state;
    this.#state = charge(recorded.state);
    if (this.#state.outbox.length > 0) {
      // A drift report goes out before the heal that it explains.
      await this.#save();
      await this.#sendOutbox();
    }
    this.#announce(before, facts);
    if (recorded.kind === 'wait') return await this.#rest(recorded.due);
    if (this.#home.monotonic() - this.#startedAt > this.#home.settings.sliceMs) return await this.#rest(facts.now);
    return undefined;
  }

  /** What those who carry out effects may see and change of this wake. */
  #desk(): Desk {
    return {
      home: this.#home,
      signal: this.#options.signal,
      guard: this.#guard,
      bench: this.#bench,
      overrides: this.#overrides(),
      state: () => this.#state,
      keep: async (change) => {
        this.#state = { ...this.#state, ...change };
        await this.#save();
      },
      showPlan: (plan, run) => this.#showPlan(plan, run),
    };
  }

  /** A person's word about deletes is for the run that they asked for, and for its retries. */
  #overrides(): Overrides {
    const given = this.#options.overrides ?? {};
    const { run } = this.#state;
    if (given.prune !== undefined || this.#row.intent.prune !== true || !isAskedFor(run)) return given;
    return { ...given, prune: { enabled: true, confirmed: true } };
  }

  #showPlan(plan: Plan, run: string): void {
    this.#options.onPlan?.(plan);
    this.#home.emit({
      event: 'plan',
      at: this.#home.now(),
      app: appSource(this.#row)?.app.name,
      run,
      message: `plan of ${plan.changes.length} changes`,
      data: asJson(plan),
    });
  }

  async #settle(record: RunRecord, facts: Facts): Promise<Wake | undefined> {
    const full: RunRecord = { ...record, cost: this.#meter.addTo(record.cost) };
    this.#state = { ...this.#state, lastRun: full };
    await this.#save();
    await this.#keepRun(full);
    this.#home.emit({
      event: 'run-ended',
      at: facts.now,
      app: full.app,
      run: full.id,
      message: `${full.outcome}: ${full.message}`,
      data: asJson({ ...full, desired: undefined }),
    });
    await this.#discard(full, facts);
    this.#bench = {};
    this.#acted = false;
    this.#row = await forgetPrune(this.#home, this.#row, full);
    await this.#sendOutbox();
    return undefined;
  }

  /** A plan that is not carried out leaves nothing behind, such as a change set. */
  async #discard(record: RunRecord, facts: Facts): Promise<void> {
    const { prepared } = this.#bench;
    if (prepared === undefined || this.#acted || facts.source === undefined) return;
    const performer = performerAt(this.#desk(), facts.source);
    const target = await targetOf(performer);
    if (target.status === 'done') await discard(performer, record.id, target.value, prepared);
  }

  /** A line of history. Written again, it is the same line. */
  async #keepRun(record: RunRecord): Promise<void> {
    const app = this.#row.key.slice(appKey('').length);
    await this.#home.store.putRun({ v: 1, id: record.id, app, seq: this.#state.runs, record: asJson(record) });
  }

  /** The state was saved with these events in it: should this process die now, they are sent again with the same ids. */
  async #sendOutbox(): Promise<void> {
    const { outbox } = this.#state;
    if (outbox.length === 0) return;
    if (outbox.some((event) => event.type === 'Holdfast Run Outcome')) await this.#ringDependents();
    // What was refused a moment ago would be refused again.
    if (this.#refused) return;
    if (await sendEvents(this.#home, outbox)) this.#state = { ...this.#state, outbox: [] };
    else this.#refused = true;
  }

  async #ringDependents(): Promise<void> {
    const source = appSource(this.#row);
    this.#wasReady = isReady(source, this.#state);
    if (source !== undefined) await ringDependents(this.#home, source.app.id);
  }

  async #save(): Promise<void> {
    this.#guard();
    await this.#home.store.save(this.#row.key, this.#lease, asJson(this.#state));
  }

  async #rest(due: number | undefined): Promise<Wake | undefined> {
    this.#state = { ...this.#state, killed: undefined };
    if (this.#state.outbox.length > 0) await this.#save();
    await this.#sendOutbox();
    if (!this.#wasReady && isReady(appSource(this.#row), this.#state)) await this.#ringDependents();
    const { outbox } = this.#state;
    const next = outbox.length === 0 ? due : Math.min(due ?? Infinity, resendAt(outbox, this.#home.now()));
    const release = {
      seen: this.#row.wanted,
      state: asJson(this.#state),
      ...(next === undefined ? {} : { due: next }),
    };
    const answer = await this.#home.store.release(this.#row.key, this.#lease, release);
    if (answer.kind === 'released')
      return { kind: 'rest', state: this.#state, ...(next === undefined ? {} : { due: next }) };
    this.#row = answer.row;
    this.#looked = false;
    return undefined;
  }
}
