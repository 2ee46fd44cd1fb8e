// `holdfast validate`: the config and the rendering of every application, without any target.
import type { Application, Problem } from '../../core/config/model.ts';
import type { KubernetesDesired } from '../../core/render/model.ts';
import { place } from '../../core/kubernetes/identity.ts';
import { offlineScopes } from '../../core/kubernetes/scope.ts';
import { readDesired } from '../../runtime/desired.ts';
import { candidatesOf, renderAll } from '../../runtime/one-shot.ts';
import { type Opened, openRepository } from '../../runtime/open.ts';
import { catalogueOf } from '../../runtime/sources.ts';
import { exitCodes } from '../exit.ts';
import { type CommandFlags, openOptions, wantsJson } from '../flags.ts';
import { stopOnInterrupt } from '../interrupt.ts';
import { failureLines, paintErr, paintOut, writeOut } from '../output.ts';
import { showProblems } from '../problems.ts';

interface Checked {
  readonly name: string;
  readonly objects: number;
  readonly problems: readonly Problem[];
}

export async function run(_names: readonly string[], flags: CommandFlags): Promise<number> {
  const opened = await openRepository(
    openOptions(flags, { worktree: flags['revision'] === undefined, readOnly: true, memory: true }),
  );
  try {
    const { problems, apps, held, refused } = await checkOpened(opened);
    const all = [...problems, ...apps.flatMap((app) => app.problems)];
    if (wantsJson(flags)) {
      await writeOut(
        `${JSON.stringify({ schemaVersion: 1, valid: all.length === 0, problems: all, apps: apps.map(({ name, objects }) => ({ name, objects })) }, undefined, 2)}\n`,
      );
    } else {
      showProblems(all);
      const good = apps.filter((app) => app.problems.length === 0);
      if (all.length === 0)
        await writeOut(`${paintOut('green', '✓')} ${good.length} application${good.length === 1 ? '' : 's'} valid\n`);
      else
        process.stderr.write(
          `${paintErr('red', '✗')} ${all.length} problem${all.length === 1 ? '' : 's'}; ${
            refused ? 'no application was looked at' : `${good.length} of ${apps.length + held} applications valid`
          }\n`,
        );
    }
    return all.length === 0 ? exitCodes.ok : exitCodes.error;
  } finally {
    await opened.close();
  }
}

/** The same placing as plan and act use, with the scopes that are known without a cluster. */
function placement(app: Application, desired: KubernetesDesired): readonly Problem[] {
  const scopeOf = offlineScopes(desired.objects.map((one) => one.object));
  return place(desired.objects, { scopeOf, ...(app.namespace === undefined ? {} : { namespace: app.namespace }) })
    .problems;
}

export interface Findings {
  /** Of the config. */
  readonly problems: readonly Problem[];
  readonly apps: readonly Checked[];
  /** Entries that could not be used. */
  readonly held: number;
  /** Whether the config as a whole was. */
  readonly refused: boolean;
}

/** Reads, renders and places everything of an opened repository. */
export async function checkOpened(opened: Opened): Promise<Findings> {
  const { home, tree } = opened;
  const result = await catalogueOf(tree, home.root.alias);
  if (result.kind === 'refused') return { problems: result.problems, apps: [], held: 0, refused: true };
  const ready = await renderAll(
    home,
    await candidatesOf(home, tree, result.catalogue, result.catalogue.apps),
    stopOnInterrupt().signal,
  );
  const apps: Checked[] = [];
  for (const one of ready) {
    const { app } = one.candidate.source;
    if (one.kind === 'ready') {
      const desired = await readDesired(home, one.desired.key);
      const problems = desired.kind === 'kubernetes' ? placement(app, desired) : [];
      apps.push({ name: app.name, objects: desired.kind === 'kubernetes' ? desired.objects.length : 1, problems });
      continue;
    }
    if (one.problems.length === 0)
      process.stderr.write(`${paintErr('bold', app.name)} ${failureLines(one.failure, paintErr)}`);
    const own: Problem = { ...app.position, code: one.failure.code, message: one.failure.message };
    apps.push({ name: app.name, objects: 0, problems: one.problems.length === 0 ? [own] : one.problems });
  }
  return { problems: result.problems, apps, held: result.catalogue.held.length, refused: false };
}
