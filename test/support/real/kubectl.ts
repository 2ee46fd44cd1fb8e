// The real kubectl as an oracle: what it says is right.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { packagedBinary } from '../../../lib/adapters/render/packaged.ts';
import { HoldfastError } from '../../../lib/core/errors.ts';
import { cacheDir } from '../cluster/build.ts';

/** The path of the pinned kubectl, unpacked once from the package that ships it. Throws `KubectlMissing`. */
export async function ensureKubectl(): Promise<string> {
  const binary = await packagedBinary('kubectl', cacheDir());
  if (binary !== undefined) return binary;
  throw new HoldfastError({
    code: 'KubectlMissing',
    source: 'system',
    message: 'There is no kubectl to compare with',
    reason: 'its package is not installed, or has no programs for this machine',
    next: 'npm ci',
  });
}

export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs kubectl with a kubeconfig, and nothing else of the environment. */
export async function kubectl(kubeconfig: string, args: readonly string[], input?: string): Promise<KubectlResult> {
  const binary = await ensureKubectl();
  return new Promise((resolve, reject) => {
    const env = { KUBECONFIG: kubeconfig, HOME: path.dirname(kubeconfig) };
    const child = spawn(binary, args, { env, stdio: 'pipe' });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output.stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      output.stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, ...output }));
    child.stdin.end(input);
  });
}
