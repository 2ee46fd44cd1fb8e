// Builds the control plane program from its Go modules, once per content: the result is kept outside the repository.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { HoldfastError } from '../../../lib/core/errors.ts';
import { withFileLock } from '../file-lock.ts';

const kubernetesVersion = '1.36.3';
const sourceDir = path.join(import.meta.dirname, 'testkube');
const inputs = ['main.go', 'go.mod', 'go.sum'];
const versionPackage = 'k8s.io/component-base/version';
const linkerFlags = [
  '-s -w',
  `-X ${versionPackage}.gitVersion=v${kubernetesVersion}`,
  `-X ${versionPackage}.gitMajor=${kubernetesVersion.split('.')[0]}`,
  `-X ${versionPackage}.gitMinor=${kubernetesVersion.split('.')[1]}`,
  `-X ${versionPackage}.gitTreeState=clean`,
].join(' ');

/** Where things live that are dear to make and the same on every checkout. */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  if (env.HOLDFAST_CACHE) return env.HOLDFAST_CACHE;
  return path.join(env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'holdfast');
}

/**
 * The path of the `testkube` program, built when it is missing (minutes, both cores).
 * `progress` is told what takes time. Throws `GoMissing` or `TestkubeBuildFailed`.
 */
export async function ensureTestkube(progress: (line: string) => void = toStderr): Promise<string> {
  const dir = path.join(cacheDir(), 'testkube', await contentKey());
  const binary = path.join(dir, 'testkube');
  if (existsSync(binary)) return binary;
  await mkdir(dir, { recursive: true });
  await withFileLock(path.join(dir, 'lock'), async () => {
    if (!existsSync(binary)) await build(binary, progress);
  });
  return binary;
}

async function contentKey(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of inputs) hash.update(name).update(await readFile(path.join(sourceDir, name)));
  hash.update(await goVersion()).update(linkerFlags);
  return hash.digest('hex').slice(0, 32);
}

async function goVersion(): Promise<string> {
  try {
    const { code, output } = await run('go', ['env', 'GOVERSION', 'GOOS', 'GOARCH'], { cwd: sourceDir });
    if (code === 0) return output;
    throw goMissing(output);
  } catch (error) {
    throw error instanceof HoldfastError ? error : goMissing(error instanceof Error ? error.message : String(error));
  }
}

function goMissing(reason: string): HoldfastError {
  return new HoldfastError({
    code: 'GoMissing',
    source: 'user',
    message: 'The real control plane is built from Go modules, and there is no usable Go tool chain',
    reason,
    next: 'install Go 1.26 or newer and put `go` into PATH',
  });
}

async function build(binary: string, progress: (line: string) => void): Promise<void> {
  progress(`building etcd, kube-apiserver and kube-controller-manager ${kubernetesVersion} (minutes, once): ${binary}`);
  const scratch = await mkdtemp(path.join(path.dirname(binary), 'build-'));
  const started = Date.now();
  const ticker = setInterval(() => progress(`still building, ${seconds(started)} s`), 30_000);
  try {
    const result = path.join(scratch, 'testkube');
    const args = ['build', '-trimpath', '-buildvcs=false', '-ldflags', linkerFlags, '-o', result, '.'];
    const { code, output } = await run('go', args, { cwd: sourceDir, env: { ...process.env, CGO_ENABLED: '0' } });
    if (code !== 0) throw buildFailed(output);
    await rename(result, binary);
    progress(`built in ${seconds(started)} s`);
  } finally {
    clearInterval(ticker);
    await rm(scratch, { recursive: true, force: true });
  }
}

function buildFailed(output: string): HoldfastError {
  return new HoldfastError({
    code: 'TestkubeBuildFailed',
    source: 'system',
    message: 'Building the control plane failed',
    reason: output.trim().split('\n').slice(-20).join('\n'),
    next: `cd ${sourceDir} && go build .`,
  });
}

interface RunOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
}

function run(command: string, args: readonly string[], options: RunOptions): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-20_000);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

function seconds(since: number): number {
  return Math.round((Date.now() - since) / 1000);
}

function toStderr(line: string): void {
  process.stderr.write(`testkube: ${line}\n`);
}
