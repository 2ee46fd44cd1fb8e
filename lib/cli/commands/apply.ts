// `holdfast apply`: once, in this process, without a server; the same engine, rows and leases as the server's.
import { createInterface } from 'node:readline/promises';
import type { Failure } from '../../core/errors.ts';
import { planDocument } from '../../core/plan/json.ts';
import { summarise } from '../../core/plan/model.ts';
import { type Applied, applyApps } from '../../runtime/one-shot-apply.ts';
import type { AppliedApp } from '../../runtime/one-shot-drive.ts';
import { type Opened, openRepository } from '../../runtime/open.ts';
import { selectApps } from '../../runtime/select.ts';
import { catalogueOf } from '../../runtime/sources.ts';
import { HoldfastError } from '../../core/errors.ts';
import { checkContext } from '../context.ts';
import { type ExitCode, exitCodeOf, exitCodes, usage, worstExit } from '../exit.ts';
import { type CommandFlags, openOptions, text, wantsJson } from '../flags.ts';
import { stopOnInterrupt } from '../interrupt.ts';
import { paintOut, printable, progress, writeOut } from '../output.ts';
import { showFailures, showProblems } from '../problems.ts';
import { parseDuration, showDuration } from '../time.ts';

/** Events that people read in a log, too; each object written is only shown while somebody watches. */
const notices: ReadonlySet<string> = new Set(['app-removed', 'app-renamed', 'objects-left']);

/** Applications in sync that are listed by name. */
const fewQuiet = 10;

/** What a wait may take beyond the time for health, before it is cut off: reading, rendering, writing. */
const graceMs = 5_000;

export async function run(names: readonly string[], flags: CommandFlags): Promise<number> {
  const worktree = flags['worktree'] === true;
  const json = wantsJson(flags);
  const timeoutMs = parseDuration(text(flags, 'timeout') ?? '10m');
  const stop = stopOnInterrupt({ saving: true });
  const opened = await openRepository({
    ...openOptions(flags, { worktree, readOnly: false }),
    followLimitMs: timeoutMs,
    emit: (event) => {
      const told = notices.has(event.event) || (event.event === 'object' && process.stderr.isTTY);
      if (told && !json) progress(`  ${event.app ?? ''} ${printable(event.message)}`);
    },
  });
  try {
    if (!worktree && flags['revision'] === undefined) await refuseDirty(opened);
    await checkFlags(opened, names, flags);
    if (flags['yes'] !== true) await confirm(names, flags, worktree);
    const deadline = AbortSignal.timeout(timeoutMs + graceMs);
    const applied = await applyApps(opened.home, opened.tree, {
      apps: names,
      signal: AbortSignal.any([stop.signal, deadline]),
      wait: flags['wait'] !== false,
      ...pruneOf(flags),
    }).catch((error: unknown) => {
      throw deadline.aborted && !stop.stopped() ? timedOut(timeoutMs, error) : error;
    });
    await show(opened, applied, { json, named: names.length > 0 });
    if (stop.stopped()) return exitCodes.interrupted;
    return exitOf(applied, names.length > 0);
  } finally {
    await opened.close();
  }
}

/** Only where it is asked for: reading the config twice would cost every apply. */
async function checkFlags(opened: Opened, names: readonly string[], flags: CommandFlags): Promise<void> {
  if (flags['context'] === undefined && flags['target'] === undefined) return;
  const result = await catalogueOf(opened.tree, opened.home.root.alias);
  if (result.kind === 'catalogue') checkContext(flags, result.catalogue, selectApps(result.catalogue, names));
}

function timedOut(timeoutMs: number, cause: unknown): HoldfastError {
  return new HoldfastError({
    code: 'Timeout',
    source: 'user',
    message: `Not done after ${showDuration(timeoutMs)}; what was written is recorded`,
    next: 'holdfast apply goes on where it stopped; --timeout gives it longer',
    retryable: true,
    cause,
  });
}

/** Untracked files count: they would be applied from the working tree, and are not in the commit. */
async function refuseDirty(opened: Opened): Promise<void> {
  const paths = await opened.dirty();
  if (paths.length === 0) return;
  const some = paths.slice(0, 3).join(', ');
  const more = paths.length > 3 ? ` and ${paths.length - 3} more` : '';
  throw new HoldfastError({
    code: 'WorktreeDirty',
    source: 'user',
    message: `Not committed: ${some}${more}. apply takes what is committed`,
    next: 'git commit (or git stash -u), or holdfast apply --worktree to apply the files as they lie there',
  });
}

/** `--prune` confirms deletes, `--no-prune` forbids them; neither leaves the application's policy. */
function pruneOf(flags: CommandFlags): { prune?: { enabled: boolean; confirmed: boolean } } {
  if (flags['prune'] === undefined) return {};
  return { prune: { enabled: flags['prune'] === true, confirmed: flags['prune'] === true } };
}

/** Asks a person; off a terminal nobody can answer, so --yes is required there. */
async function confirm(names: readonly string[], flags: CommandFlags, worktree: boolean): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw usage(
      'apply changes targets and nobody can be asked here',
      'Add --yes (see what it would do with holdfast plan)',
    );
  const { run: plan } = await import('./plan.ts');
  const code = await plan(names, {
    ...flags,
    output: 'text',
    json: undefined,
    // What apply takes, not what plan takes by default.
    revision: worktree ? undefined : (text(flags, 'revision') ?? 'HEAD'),
  });
  if (code === exitCodes.ok) return;
  const question = code === exitCodes.error ? 'Apply what can be applied? [y/N] ' : 'Apply this? [y/N] ';
  if (!/^y(es)?$/i.test((await ask(question)).trim()))
    throw new HoldfastError({ code: 'Interrupted', source: 'user', message: 'Nothing was applied' });
}

/** The answer; empty when the person ends the input or presses Ctrl-C. */
async function ask(question: string): Promise<string> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await new Promise((resolve) => {
      reader.on('close', () => resolve(''));
      reader.on('SIGINT', () => resolve(''));
      void reader.question(question).then(resolve, () => resolve(''));
    });
  } finally {
    reader.close();
  }
}

async function show(
  opened: Opened,
  applied: Applied,
  { json, named }: { readonly json: boolean; readonly named: boolean },
): Promise<void> {
  if (json) await writeOut(`${JSON.stringify(document(applied), undefined, 2)}\n`);
  else {
    const quiet = applied.apps.filter((one) => one.outcome === 'succeeded' && one.runId === undefined);
    // What is as it was is not worth a line each.
    const told = quiet.length > fewQuiet ? applied.apps.filter((one) => !quiet.includes(one)) : applied.apps;
    const width = Math.max(0, ...told.map((one) => one.app.name.length));
    for (const one of told)
      await writeOut(`${line(one, width)}${opened.sandboxed(one.app.target) ? paintOut('dim', ' (sandbox)') : ''}\n`);
    if (told.length < applied.apps.length) {
      const sandbox = quiet.every((one) => opened.sandboxed(one.app.target)) ? paintOut('dim', ' (sandbox)') : '';
      const more = told.length === 0 ? '' : ' more';
      await writeOut(`${paintOut('green', '✓')} ${quiet.length}${more} applications in sync${sandbox}\n`);
    }
    if (applied.apps.length === 0 && applied.problems.length === 0) await writeOut('No applications.\n');
  }
  if (!named) showProblems(applied.problems, json);
  const stopped = applied.apps.flatMap(({ app, failure }) =>
    failure === undefined ? [] : [{ app: app.name, failure }],
  );
  showFailures(stopped, json, 'not applied');
}

function line(one: AppliedApp, width: number): string {
  const good = one.outcome === 'succeeded';
  const mark = good
    ? paintOut('green', '✓')
    : one.outcome === 'unhealthy'
      ? paintOut('yellow', '!')
      : paintOut('red', '✗');
  const ms = Object.values(one.cost.ms).reduce((sum, value) => sum + value, 0);
  const words = [`${mark} ${one.app.name.padEnd(width)}`, whatHappened(one), paintOut('dim', showDuration(ms))];
  return words.join('  ');
}

/** Counts only where they were carried out; why something failed stands on stderr, in full. */
function whatHappened(one: AppliedApp): string {
  if (one.failure !== undefined && one.outcome !== 'unhealthy') return one.outcome;
  const { create, update, replace, delete: deleted, adopt } = summarise(one.plan);
  const counts = `+${create + adopt} ~${update + replace} -${deleted}`;
  return `${counts}  ${one.health}  ${one.failure === undefined ? printable(one.message) : one.outcome}`;
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
function exitOf(applied: Applied, named: boolean): ExitCode {
  const codes = applied.apps.map((one) => codeOf(one));
  // Entries that are held matter to those who asked for all applications.
  return worstExit(applied.problems.length > 0 && !named ? [...codes, exitCodes.error] : codes);
}

function codeOf(one: AppliedApp): ExitCode {
  if (one.outcome === 'succeeded') return exitCodes.ok;
  if (one.outcome === 'unhealthy') return one.health === 'Progressing' ? exitCodes.timeout : exitCodes.unhealthy;
  return one.failure === undefined ? exitCodes.error : exitCodeOf(new HoldfastError(one.failure));
}
