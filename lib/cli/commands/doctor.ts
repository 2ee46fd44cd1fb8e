// `holdfast doctor`: what this machine and the installation on AWS have, what is missing, and what to do about it.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { asFailure } from '../../core/errors.ts';
import { createTools } from '../../adapters/render/binaries.ts';
import { readServerFile } from '../../runtime/server-file.ts';
import { type Check, levels } from '../doctor/check.ts';
import { exitCodes } from '../exit.ts';
import { type CommandFlags, text, wantsJson } from '../flags.ts';
import { paintOut, printable, table, writeOut } from '../output.ts';
import { awsIsSetUp, defaultStack, namedStack } from '../server.ts';

export async function run(_names: readonly string[], flags: CommandFlags): Promise<number> {
  const checks = [
    nodeCheck(),
    await gitCheck(),
    ...(await toolChecks()),
    ...(namedStack(flags) === undefined ? [await serverCheck(text(flags, 'data') ?? '.holdfast')] : []),
    ...(await awsChecks(flags)),
  ];
  const broken = checks.some((check) => check.state === 'broken');
  if (wantsJson(flags)) {
    const lines = checks.map((check) => ({ ...check, level: levels[check.state] }));
    await writeOut(`${JSON.stringify({ schemaVersion: 1, ok: !broken, checks: lines }, undefined, 2)}\n`);
  } else {
    const mark = { ok: paintOut('green', '✓'), missing: paintOut('yellow', '!'), broken: paintOut('red', '✗') };
    const rows = table(
      checks.map((check) => [mark[check.state], check.name, printable(check.found).replaceAll(/\s+/g, ' ')]),
    ).split('\n');
    // On a line of its own: beside what was found, one long line would push it off the screen for all.
    const lines = checks.flatMap(({ next }, at) => [rows[at] ?? '', ...(next === undefined ? [] : [`     → ${next}`])]);
    await writeOut(`${lines.join('\n')}\n`);
  }
  return broken ? exitCodes.error : exitCodes.ok;
}

/** Of AWS, where it is set up or asked for. The SDK is loaded here, not before. */
async function awsChecks(flags: CommandFlags): Promise<readonly Check[]> {
  const named = namedStack(flags);
  if (named === undefined && (!awsIsSetUp() || (text(flags, 'data') ?? '.holdfast') !== '.holdfast')) return [];
  const [{ accountChecks }, { installationChecks }, { targetChecks }] = await Promise.all([
    import('../doctor/account.ts'),
    import('../doctor/installation.ts'),
    import('../doctor/targets.ts'),
  ]);
  const { checks, session } = await accountChecks();
  if (session === undefined) return checks;
  const found = await installationChecks(session, named ?? defaultStack, named !== undefined);
  const targets = found.stack === undefined ? [] : await targetChecks(session, found.stack);
  return [...checks, ...found.checks, ...targets];
}

function nodeCheck(): Check {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= 24) return { name: 'Node', state: 'ok', found: process.version };
  return {
    name: 'Node',
    state: 'broken',
    found: `${process.version}, too old to run the sources`,
    next: 'npm ci (it brings Node 24 along), then npx holdfast or node_modules/.bin/node bin/holdfast.ts',
  };
}

async function gitCheck(): Promise<Check> {
  try {
    const { stdout } = await promisify(execFile)('git', ['--version']);
    return { name: 'git', state: 'ok', found: stdout.trim() };
  } catch {
    return {
      name: 'git',
      state: 'broken',
      found: 'not found',
      next: 'Install git: working trees, and the built-in Git host need it',
    };
  }
}

async function toolChecks(): Promise<readonly Check[]> {
  const tools = createTools({ env: process.env });
  return await Promise.all(
    (['kubectl', 'helm'] as const).map(async (name): Promise<Check> => {
      const what = name === 'kubectl' ? 'Kustomize applications' : 'Helm applications';
      try {
        const tool = await tools.find(name);
        return { name, state: 'ok', found: `${tool.version} (${tool.path})` };
      } catch (error) {
        return {
          name,
          state: 'missing',
          found: asFailure(error).message,
          next: `Install ${name}, or name one in HOLDFAST_${name.toUpperCase()}: ${what} need it`,
        };
      }
    }),
  );
}

async function serverCheck(dataDir: string): Promise<Check> {
  const server = await readServerFile(dataDir);
  if (server === undefined)
    return { name: 'server', state: 'missing', found: `none runs with ${dataDir}`, next: 'holdfast up' };
  return { name: 'server', state: 'ok', found: `${server.url} (process ${server.pid})` };
}
