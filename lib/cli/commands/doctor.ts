// `holdfast doctor`: what this machine has, what is missing, and what to do about it.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { asFailure } from '../../core/errors.ts';
import { createTools } from '../../adapters/render/binaries.ts';
import { readServerFile } from '../../runtime/server-file.ts';
import { exitCodes } from '../exit.ts';
import { type CommandFlags, text, wantsJson } from '../flags.ts';
import { paintOut, printable, table, writeOut } from '../output.ts';

interface Check {
  readonly name: string;
  /** `missing` is only a problem for those who need it. */
  readonly state: 'ok' | 'missing' | 'broken';
  readonly found: string;
  readonly next?: string;
}

export async function run(_names: readonly string[], flags: CommandFlags): Promise<number> {
  const checks = [
    nodeCheck(),
    await gitCheck(),
    ...(await toolChecks()),
    await serverCheck(text(flags, 'data') ?? '.holdfast'),
  ];
  const broken = checks.some((check) => check.state === 'broken');
  if (wantsJson(flags)) {
    await writeOut(`${JSON.stringify({ schemaVersion: 1, ok: !broken, checks }, undefined, 2)}\n`);
  } else {
    const mark = { ok: paintOut('green', '✓'), missing: paintOut('yellow', '!'), broken: paintOut('red', '✗') };
    await writeOut(
      `${table(checks.map((check) => [mark[check.state], check.name, printable(check.found), check.next === undefined ? '' : `→ ${check.next}`]))}\n`,
    );
  }
  return broken ? exitCodes.error : exitCodes.ok;
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
