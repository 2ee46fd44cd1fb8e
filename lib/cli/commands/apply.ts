// `holdfast apply`: once, in this process, without a server; the same engine, rows and leases as the server's.
import { createInterface } from 'node:readline/promises';
import type { Failure } from '../../core/errors.ts';
import { planDocument } from '../../core/plan/json.ts';
import { summarise } from '../../core/plan/model.ts';
import { type Applied, applyApps } from '../../runtime/one-shot-apply.ts';
import type { AppliedApp } from '../../runtime/one-shot-drive.ts';
import { type Opened, openRepository } from '../../runtime/open.ts';
import { HoldfastError } from '../../core/errors.ts';
import { type ExitCode, exitCodeOf, exitCodes, usage } from '../exit.ts';
import { type CommandFlags, openOptions, text } from '../flags.ts';
import { stopOnInterrupt } from '../interrupt.ts';
import { failureLines, paintErr, paintOut, printable, writeOut } from '../output.ts';
import { showProblems } from '../problems.ts';
import { parseDuration, showDuration } from '../time.ts';

export async function run(names: readonly string[], flags: CommandFlags): Promise<number> {
  const worktree = flags['worktree'] === true;
  const json = flags['output'] === 'json' || flags['json'] === true;
  const stop = stopOnInterrupt();
  const quiet = json || !process.stderr.isTTY;
  const opened = await openRepository({
    ...openOptions(flags, { worktree, readOnly: false }),
    followLimitMs: parseDuration(text(flags, 'timeout') ?? '10m'),
    emit: (event) => {
      if (!quiet && event.event === 'object')
        process.stderr.write(`  ${event.app ?? ''} ${printable(event.message)}\n`);
    },
  });
  try {
    if (!worktree && flags['revision'] === undefined && (await opened.dirty())) throw dirty();
    if (flags['yes'] !== true) await confirm(names, flags);
    const applied = await applyApps(opened.home, opened.tree, {
      apps: names,
      signal: stop.signal,
      wait: flags['wait'] !== false,
      ...pruneOf(flags),
    });
    await show(opened, applied, json);
    return stop.stopped() ? exitCodes.interrupted : exitOf(applied);
  } finally {
    await opened.close();
  }
}

function dirty(): HoldfastError {
  return new HoldfastError({
    code: 'WorktreeDirty',
    source: 'user',
    message: 'The working tree has changes that are not committed; apply takes what is committed',
    next: 'git commit, or holdfast apply --worktree to apply the working tree as it is',
  });
}

/** `--prune` confirms deletes, `--no-prune` forbids them; neither leaves the application's policy. */
function pruneOf(flags: CommandFlags): { prune?: { enabled: boolean; confirmed: boolean } } {
  if (flags['prune'] === undefined) return {};
  return { prune: { enabled: flags['prune'] === true, confirmed: flags['prune'] === true } };
}

/** Asks a person; off a terminal nobody can answer, so --yes is required there. */
async function confirm(names: readonly string[], flags: CommandFlags): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw usage(
      'apply changes targets and nobody can be asked here',
      'Add --yes (see what it would do with holdfast plan)',
    );
  const { run: plan } = await import('./plan.ts');
  const code = await plan(names, { ...flags, output: 'text', json: undefined });
  if (code === exitCodes.error) throw usage('The plan has errors; nothing was applied');
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await reader.question('Apply this? [y/N] ');
  reader.close();
  if (!/^y(es)?$/i.test(answer.trim()))
    throw new HoldfastError({ code: 'Interrupted', source: 'user', message: 'Nothing was applied' });
}

async function show(opened: Opened, applied: Applied, json: boolean): Promise<void> {
  showProblems(applied.problems);
  if (json) {
    await writeOut(`${JSON.stringify(document(applied), undefined, 2)}\n`);
    return;
  }
  const width = Math.max(0, ...applied.apps.map((one) => one.app.name.length));
  for (const one of applied.apps)
    await writeOut(`${line(one, width)}${opened.sandboxed(one.app.target) ? paintOut('dim', ' (sandbox)') : ''}\n`);
  for (const one of applied.apps) {
    if (one.failure !== undefined)
      process.stderr.write(`${paintErr('bold', one.app.name)} ${failureLines(one.failure, paintErr)}`);
  }
}

function line(one: AppliedApp, width: number): string {
  const good = one.outcome === 'succeeded';
  const mark = good
    ? paintOut('green', '✓')
    : one.outcome === 'unhealthy'
      ? paintOut('yellow', '!')
      : paintOut('red', '✗');
  const { create, update, replace, delete: deleted, adopt } = summarise(one.plan);
  const ms = Object.values(one.cost.ms).reduce((sum, value) => sum + value, 0);
  return `${mark} ${one.app.name.padEnd(width)}  +${create + adopt} ~${update + replace} -${deleted}  ${one.health}  ${printable(one.message)} ${paintOut('dim', showDuration(ms))}`;
}

/** The plan document of contracts §9 with outcome, run and cost of each application, and the cost of what they shared. */
function document(applied: Applied): object {
  const plans = planDocument(applied.apps.map((one) => one.plan));
  const byName = new Map(applied.apps.map((one) => [one.app.name, one]));
  const errors: (Failure & { app: string })[] = [];
  const apps = plans.apps.map((entry) => {
    const one = byName.get(entry.name);
    if (one === undefined) return entry;
    if (one.failure !== undefined) errors.push({ app: entry.name, ...one.failure });
    const { outcome, runId, health, message, failure, cost } = one;
    return {
      ...entry,
      outcome,
      runId: runId ?? null,
      health,
      message,
      cost,
      ...(failure === undefined ? {} : { error: failure }),
    };
  });
  const worst = applied.apps.find((one) => one.outcome !== 'succeeded')?.outcome ?? 'succeeded';
  return { ...plans, apps, outcome: worst, cost: applied.cost, ...(errors.length === 0 ? {} : { errors }) };
}

/** The worst application decides: not allowed, error, timed out, unhealthy, ok. */
function exitOf(applied: Applied): ExitCode {
  const codes = applied.apps.map((one) => codeOf(one));
  for (const code of [exitCodes.auth, exitCodes.error, exitCodes.timeout, exitCodes.unhealthy] as const)
    if (codes.includes(code)) return code;
  return applied.problems.length > 0 ? exitCodes.error : exitCodes.ok;
}

function codeOf(one: AppliedApp): ExitCode {
  if (one.outcome === 'succeeded') return exitCodes.ok;
  if (one.outcome === 'unhealthy') return one.health === 'Progressing' ? exitCodes.timeout : exitCodes.unhealthy;
  return one.failure === undefined ? exitCodes.error : exitCodeOf(new HoldfastError(one.failure));
}
