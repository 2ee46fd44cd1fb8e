// `holdfast init`: writes a `holdfast.yaml` for what a repository holds, and leaves out what would not be valid, with the reason.
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { HoldfastError } from '../../core/errors.ts';
import { findApps } from '../../core/init/find.ts';
import { look, worthReading } from '../../core/init/look.ts';
import type { FoundApp, Seen } from '../../core/init/model.ts';
import { configText } from '../../core/init/text.ts';
import { openRepository } from '../../runtime/open.ts';
import { configFile } from '../../runtime/sources.ts';
import { exitCodes, usage } from '../exit.ts';
import { type CommandFlags, openOptions, text, wantsJson } from '../flags.ts';
import { readTargets, targetForms, type Targets } from '../init-target.ts';
import { paintOut, printable, table, writeOut } from '../output.ts';
import { checkOpened } from './validate.ts';

/** Larger files are data, not manifests. */
const maxBytes = 1024 * 1024;
/** Each round can show problems that others hid; entries only ever leave. */
const rounds = 4;

export async function run(_names: readonly string[], flags: CommandFlags): Promise<number> {
  const repo = path.resolve(text(flags, 'repo') ?? '.');
  const file = path.join(repo, configFile);
  if (existsSync(file)) throw thereAlready();
  const apps = findApps(await lookAtAll(repo));
  const targets = readTargets(await targetWord(flags, apps), text(flags, 'region'), apps);
  const leftOut = await writeChecked(file, repo, apps, targets);
  const written = apps.filter(({ name }) => !leftOut.has(name));
  if (wantsJson(flags)) {
    const out = apps.flatMap(({ name, path: at }) =>
      leftOut.has(name) ? [{ name, path: at, reason: leftOut.get(name) }] : [],
    );
    await writeOut(
      `${JSON.stringify({ schemaVersion: 1, file: configFile, apps: written, leftOut: out }, undefined, 2)}\n`,
    );
    return exitCodes.ok;
  }
  await writeOut(report(written, apps, leftOut));
  return exitCodes.ok;
}

function thereAlready(): HoldfastError {
  return new HoldfastError({
    code: 'ConfigExists',
    source: 'user',
    message: `${configFile} is there already, and is not overwritten`,
    next: 'holdfast validate',
  });
}

/** What every file of the working tree is: tracked, or not ignored. */
async function lookAtAll(repo: string): Promise<readonly Seen[]> {
  const opened = await openRepository(openOptions({ repo }, { worktree: true, readOnly: true, memory: true }));
  try {
    const seen: Seen[] = [];
    for (const node of (await opened.tree.walk('')) ?? []) {
      if (!worthReading(node.path)) continue;
      const bytes = await opened.tree.bytes(node.path).catch(() => undefined);
      if (bytes === undefined || bytes.byteLength > maxBytes) seen.push({ path: node.path, kind: 'other' });
      else seen.push(look(node.path, new TextDecoder().decode(bytes)));
    }
    return seen;
  } finally {
    await opened.close();
  }
}

async function targetWord(flags: CommandFlags, apps: readonly FoundApp[]): Promise<string> {
  const given = text(flags, 'target');
  if (given !== undefined) return given;
  if (flags['yes'] === true || apps.length === 0) return 'sandbox';
  if (!process.stdin.isTTY || wantsJson(flags))
    throw usage('--target says where the applications go', `${targetForms}; --yes takes sandbox`);
  const ask = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await ask.question(`Where do they go? ${targetForms} [sandbox]: `);
    return answer.trim() === '' ? 'sandbox' : answer.trim();
  } finally {
    ask.close();
  }
}

/** Writes the file, and takes out what `holdfast validate` would refuse. Never leaves a file that it does not accept. */
async function writeChecked(
  file: string,
  repo: string,
  apps: readonly FoundApp[],
  targets: Targets,
): Promise<ReadonlyMap<string, string>> {
  const leftOut = new Map<string, string>();
  for (let round = 0; round < rounds; round += 1) {
    // Never over a file that came meanwhile: the first writing fails then.
    const body = configText({ apps, leftOut, ...targets });
    await writeFile(file, body, { flag: round === 0 ? 'wx' : 'w' });
    const problems = await problemsOf(repo, body, apps);
    if (problems.size === 0) return leftOut;
    for (const [name, why] of problems) leftOut.set(name, why);
  }
  await rm(file, { force: true });
  throw new HoldfastError({
    code: 'Internal',
    source: 'system',
    message: `No valid ${configFile} could be made of what was found`,
  });
}

async function problemsOf(repo: string, body: string, apps: readonly FoundApp[]): Promise<ReadonlyMap<string, string>> {
  const opened = await openRepository(openOptions({ repo }, { worktree: true, readOnly: true, memory: true }));
  try {
    const { problems, apps: checked } = await checkOpened(opened);
    const found = new Map<string, string>();
    const lines = body.split('\n');
    for (const problem of problems) {
      // A problem of the file itself: the entry is the last name above its line.
      const above = lines.slice(0, problem.line).flatMap((line) => /^ {2}- name: (\S+)/.exec(line)?.[1] ?? []);
      const name = above.at(-1) ?? apps[0]?.name;
      if (name !== undefined && !found.has(name)) found.set(name, oneLine(problem.message));
    }
    for (const app of checked) {
      const [first] = app.problems.filter(({ code }) => !code.startsWith('RenderBinary'));
      if (first !== undefined) found.set(app.name, oneLine(`${first.file}: ${first.message}`));
    }
    return found;
  } finally {
    await opened.close();
  }
}

function oneLine(message: string): string {
  return printable(message.replace(/\s+/g, ' ')).slice(0, 200);
}

function report(written: readonly FoundApp[], apps: readonly FoundApp[], leftOut: ReadonlyMap<string, string>): string {
  const count = `${written.length} application${written.length === 1 ? '' : 's'}`;
  const lines = [`${paintOut('green', '✓')} wrote ${configFile} with ${count}`];
  if (written.length > 0)
    lines.push(
      table(written.map((app) => [`  ${app.name}`, app.path === '' ? '.' : app.path, paintOut('dim', app.why)])),
    );
  for (const app of apps)
    if (leftOut.has(app.name))
      lines.push(`${paintOut('yellow', '!')} left out ${app.path}: ${leftOut.get(app.name) ?? ''}`);
  if (apps.length === 0)
    lines.push('  No manifests, charts, kustomizations or templates were found: add an entry to apps');
  lines.push('', 'Next: holdfast plan, then git add holdfast.yaml && git commit');
  return `${lines.join('\n')}\n`;
}
