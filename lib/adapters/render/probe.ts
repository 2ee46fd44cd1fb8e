// Asks a kubectl or helm for its version, in the same empty environment in which it renders.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTool } from './run.ts';

export type ToolName = 'kubectl' | 'helm';

const questions: Readonly<Record<ToolName, readonly string[]>> = {
  kubectl: ['version', '--client', '--output=json'],
  helm: ['version', '--template={{.Version}}'],
};

/** What the program says it is; undefined when it does not answer properly. */
export async function probe(name: ToolName, path: string): Promise<string | undefined> {
  const home = await mkdtemp(join(tmpdir(), 'holdfast-probe-'));
  try {
    const answer = await runTool({ program: path, args: questions[name], cwd: home, home, deadlineMs: 20_000 });
    return answer.code === 0 ? read(name, answer.stdout.toString('utf8')) : undefined;
  } catch {
    return undefined;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

function read(name: ToolName, text: string): string | undefined {
  if (name === 'helm') return /^v\d+\.\d+\.\d+\S*/.exec(text.trim())?.[0];
  const answer = JSON.parse(text) as { clientVersion?: { gitVersion?: string }; kustomizeVersion?: string };
  const version = answer.clientVersion?.gitVersion;
  return version === undefined ? undefined : `${version} kustomize ${answer.kustomizeVersion ?? 'unknown'}`;
}
