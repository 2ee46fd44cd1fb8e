// Carries out one effect of the step function for one application and records what came of it.
import type { Application } from '../core/config/model.ts';
import { asFailure, HoldfastError } from '../core/errors.ts';
import type { Plan } from '../core/plan/model.ts';
import type { Inventory, Observation, Step, Target } from '../core/plan/target.ts';
import type { Effect, Facts } from '../core/reconcile/facts.ts';
import {
  acted,
  followed,
  lookedAt,
  observed,
  planLost,
  prepared,
  type Recorded,
  rendered,
  type RenderOutcome,
} from '../core/reconcile/record.ts';
import type { AppSource, AppState } from '../core/reconcile/state.ts';
import type { Home } from './home.ts';
import { inventoryPlace, keepInventory, sayLeftBehind, takeOver } from './move.ts';
import { act, type Bench, follow, observe, type Overrides, type Performer, prepare, render } from './perform.ts';
import { writeJson } from './rows.ts';
import { rememberStackOwner } from './stack-owners.ts';

/** What those who carry out effects may see and change of a wake. */
export interface Desk {
  readonly home: Home;
  readonly signal: AbortSignal;
  /** Throws LeaseLost. */
  readonly guard: () => void;
  readonly bench: Bench;
  readonly overrides: Overrides;
  readonly state: () => AppState;
  /** Fenced write of the state with this change in it. */
  readonly keep: (change: Partial<AppState>) => Promise<void>;
  readonly showPlan: (plan: Plan, run: string) => void;
}

/** Effects that ask somebody something. */
export type Asking = Exclude<Effect['kind'], 'rest' | 'settle'>;

/** Carries out one effect. Only a lost lease, a stop, and the store's own failures are thrown. */
export async function performEffect(kind: Asking, facts: Facts, desk: Desk, source: AppSource): Promise<Recorded> {
  const performer = performerAt(desk, source);
  const { run } = desk.state();
  // Called after the answer is there: a wait that is counted from before a slow answer may be over when it begins.
  const now = (): Facts => ({ ...facts, now: desk.home.now() });
  if (kind === 'look' || run === undefined) return await look(desk, performer, now);
  if (kind === 'render') {
    const busy = await takeOverFormer(desk, source);
    const answer = busy ?? (await render(performer, run));
    return rendered(desk.state(), run, now(), answer);
  }
  const target = await targetOf(performer);
  if (target.status !== 'done') return observed(desk.state(), run, now(), target);
  // Before a change set is made or executed: its events may come before its answer.
  if (kind === 'prepare') await rememberStackOwner(desk.home, source.app, source.target);
  switch (kind) {
    case 'observe': {
      const answer = await observe(performer, desk.state(), target.value);
      return observed(desk.state(), run, now(), answer);
    }
    case 'prepare': {
      const answer = await prepare(performer, desk.state(), target.value);
      if (answer.status === 'done') desk.showPlan(answer.value.plan, run.id);
      return prepared(desk.state(), run, now(), answer);
    }
    case 'act': {
      const answer = await act(performer, desk.state(), run, target.value);
      if (answer.status === 'failed' && answer.cause.code === 'PlanLost') return planLost(desk.state(), run);
      if (answer.status === 'done') await performer.saveInventory(answer.value.inventory);
      return acted(desk.state(), run, now(), answer);
    }
    case 'follow': {
      const answer = await follow(performer, desk.state(), run, target.value);
      return followed(desk.state(), run, now(), answer);
    }
  }
}

async function look(desk: Desk, performer: Performer, now: () => Facts): Promise<Recorded> {
  const target = await targetOf(performer);
  if (target.status !== 'done') return lookedAt(desk.state(), now(), target, '');
  const seen: Step<Observation> = await observe(performer, desk.state(), target.value);
  const report = await keepReport(desk.home, seen, performer.app);
  return lookedAt(desk.state(), now(), seen, report);
}

async function keepReport(home: Home, seen: Step<Observation>, app: Application): Promise<string> {
  if (seen.status !== 'done' || seen.value.drift.length === 0) return '';
  const items = seen.value.drift;
  const key = `drift/${home.hash(JSON.stringify([app.id, items])).slice(0, 32)}`;
  await writeJson(home.blobs, key, { v: 1, app: app.name, items });
  return key;
}

/** The adapter of an application's target; one that cannot be made is a failed step. */
export async function targetOf({ home, source, app }: Performer): Promise<Step<Target>> {
  try {
    return { status: 'done', value: await home.targets.get(source.target, app) };
  } catch (error) {
    if (error instanceof HoldfastError) return { status: 'failed', cause: error.toFailure() };
    throw error;
  }
}

/** What asks the target on behalf of one wake. */
export function performerAt(desk: Desk, source: AppSource): Performer {
  const place = inventoryPlace(source);
  const { home, overrides, bench, signal, guard } = desk;
  let saved: Inventory | undefined;
  return {
    home,
    app: source.app,
    source,
    overrides,
    bench,
    signal,
    guard,
    saveInventory: async (inventory) => {
      // The target has just kept what it answers at the end.
      if (inventory === saved) return;
      const key = await keepInventory(home, desk.state(), place, inventory);
      sayLeftBehind(home, source, desk.state());
      await desk.keep({ inventory: key, inventorySize: inventory.entries.length, target: place });
      bench.inventory = { key, value: inventory };
      saved = inventory;
    },
  };
}

/** A renamed application begins with the inventory of its former name. */
async function takeOverFormer(desk: Desk, source: AppSource): Promise<RenderOutcome | undefined> {
  const { home } = desk;
  if (desk.state().inventory !== undefined || source.app.movedFrom === undefined) return undefined;
  try {
    const former = await takeOver(home, source, desk.keep);
    const message = `took over what ${former ?? ''} has made`;
    if (former !== undefined) home.emit({ event: 'app-renamed', at: home.now(), app: source.app.name, message });
    return undefined;
  } catch (error) {
    const failure = asFailure(error);
    if (failure.code !== 'FormerNameBusy') throw error;
    return { kind: 'failed', failure };
  }
}
