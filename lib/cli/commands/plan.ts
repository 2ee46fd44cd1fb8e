// `holdfast plan`: what apply would change. Writes nothing to targets and nothing to the data directory.
import type { Catalogue } from '../../core/config/model.ts';
import type { Failure } from '../../core/errors.ts';
import { asFailure, HoldfastError } from '../../core/errors.ts';
import { appName, planDocument } from '../../core/plan/json.ts';
import type { Plan } from '../../core/plan/model.ts';
import { planText } from '../../core/plan/text.ts';
import { candidatesOf, lookShared, planShared, renderAll } from '../../runtime/one-shot.ts';
import { type Opened, openRepository } from '../../runtime/open.ts';
import { goneFrom } from '../../runtime/repository.ts';
import { refusal, selectApps } from '../../runtime/select.ts';
import { catalogueOf } from '../../runtime/sources.ts';
import { checkContext } from '../context.ts';
import { exitCodeOf, exitCodes, worstExit } from '../exit.ts';
import { type CommandFlags, openOptions, wantsJson } from '../flags.ts';
import { paintErr, paintOut, progress, writeOut } from '../output.ts';
import { showFailures, type Stopped } from '../problems.ts';
import { stopOnInterrupt } from '../interrupt.ts';

interface Planned {
  readonly plans: readonly Plan[];
  readonly failures: readonly Stopped[];
  /** What would stop apply. */
  readonly holds: readonly Stopped[];
}

export async function run(names: readonly string[], flags: CommandFlags): Promise<number> {
  const opened = await openRepository(
    openOptions(flags, { worktree: flags['revision'] === undefined, readOnly: true }),
  );
  try {
    const planned = await planAll(opened, names, flags);
    await show(planned, flags);
    const stops = [...planned.failures, ...planned.holds.filter((hold) => !isWait(hold.failure))];
    if (stops.length > 0) return worstExit(stops.map((stop) => exitCodeOf(new HoldfastError(stop.failure))));
    return planned.plans.some((plan) => plan.changes.length > 0) ? exitCodes.differences : exitCodes.ok;
  } finally {
    await opened.close();
  }
}

/** A delete that waits for a word, or an object that another application is about to hand over, is a difference and not a mistake. */
function isWait(failure: Failure): boolean {
  return failure.code.startsWith('Prune') || (failure.code === 'OwnedByApplication' && failure.retryable);
}

async function planAll(opened: Opened, names: readonly string[], flags: CommandFlags): Promise<Planned> {
  const { home, tree } = opened;
  const stop = stopOnInterrupt();
  const result = await catalogueOf(tree, home.root.alias);
  if (result.kind === 'refused') throw refusal(result.problems);
  const apps = selectApps(result.catalogue, names);
  checkContext(flags, result.catalogue, apps);
  const failures: Stopped[] = [];
  // Those that were named are not held: selecting them would have failed.
  if (names.length === 0)
    for (const held of result.catalogue.held)
      failures.push({
        app: held.name ?? '?',
        failure: refusal(held.problems).toFailure(),
        problems: held.problems,
      });
  if (names.length === 0 && !wantsJson(flags)) await sayGone(opened, result.catalogue);
  const ready = await renderAll(home, await candidatesOf(home, tree, result.catalogue, apps), stop.signal);
  const looks = await lookShared(home, ready, {
    depth: 'full',
    signal: stop.signal,
    planned: ready.map((one) => one.candidate.source),
  });
  const plans: Plan[] = [];
  const holds: { app: string; failure: Failure }[] = [];
  for (const one of ready) {
    const { app } = one.candidate.source;
    if (one.kind === 'refused') {
      failures.push({ app: app.name, failure: one.failure, problems: one.problems });
      continue;
    }
    const look = looks.get(app.id);
    try {
      if (look === undefined) continue;
      if ('code' in look) throw look;
      const planned = await planShared(home, look, one.candidate.source, stop.signal);
      plans.push(planned.plan);
      holds.push(...planned.holds.map((failure) => ({ app: app.name, failure })));
    } catch (error) {
      failures.push({ app: app.name, failure: isFailure(error) ? error : asFailure(error) });
    }
  }
  return { plans, failures, holds };
}

function isTold(plan: Plan): boolean {
  return plan.changes.length > 0 || plan.skipped.length > 0 || plan.unchanged > 0;
}

/** What the configuration does not name any more is left alone: no plan has it, and it should not vanish without a word. */
async function sayGone({ home }: Opened, catalogue: Catalogue): Promise<void> {
  const rows = await home.store.list(`app/${home.root.alias}/`);
  for (const { app } of goneFrom(catalogue, rows))
    progress(`${paintErr('bold', app.name)} is not in the configuration any more; its objects stay as they are`);
}

function isFailure(value: unknown): value is Failure {
  return (
    typeof value === 'object' && value !== null && !(value instanceof Error) && 'code' in value && 'source' in value
  );
}

async function show(planned: Planned, flags: CommandFlags): Promise<void> {
  const json = wantsJson(flags);
  const stopped = [...planned.failures, ...planned.holds];
  if (json) {
    const errors = stopped.map(({ app, failure }) => ({ app, ...failure }));
    await writeOut(
      `${JSON.stringify({ ...planDocument(planned.plans), ...(errors.length === 0 ? {} : { errors }) }, undefined, 2)}\n`,
    );
  } else {
    // Where nothing could be compared, "no changes" would be a lie; what stopped it is told below.
    const held = new Set(planned.holds.map((hold) => hold.app));
    const told = planned.plans.filter((plan) => isTold(plan) || !held.has(appName(plan.app)));
    if (told.length > 0 || stopped.length === 0) await writeOut(planText(told, paintOut));
  }
  showFailures(stopped, json, 'no plan');
}
