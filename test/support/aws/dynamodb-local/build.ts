// Fetches DynamoDB Local through Maven and compiles its launcher, once per content: the result is kept outside the repository.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { HoldfastError } from '../../../../lib/core/errors.ts';
import { cacheDir } from '../../cluster/build.ts';
import { withFileLock } from '../../file-lock.ts';

const sourceDir = import.meta.dirname;
const inputs = ['pom.xml', 'LoopbackDynamoDb.java'];
const copyDependencies = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
/** The oldest Java that DynamoDB Local runs on; newer ones run its classes, too. */
const javaRelease = '17';

/**
 * The directory with `lib` (jars and native libraries) and `classes` (the launcher), made when it is missing (half a minute, network).
 * Throws `JavaMissing`, `MavenMissing` or `DynamoDbLocalBuildFailed`.
 */
export async function ensureDynamoDbLocal(progress: (line: string) => void = () => {}): Promise<string> {
  const parent = path.join(cacheDir(), 'dynamodb-local');
  const dir = path.join(parent, await contentKey());
  if (existsSync(dir)) return dir;
  await mkdir(parent, { recursive: true });
  await withFileLock(`${dir}.lock`, async () => {
    if (!existsSync(dir)) await build(dir, progress);
  });
  return dir;
}

async function contentKey(): Promise<string> {
  const hash = createHash('sha256').update(copyDependencies).update(javaRelease);
  for (const name of inputs) hash.update(name).update(await readFile(path.join(sourceDir, name)));
  return hash.digest('hex').slice(0, 32);
}

async function build(dir: string, progress: (line: string) => void): Promise<void> {
  progress(`fetching DynamoDB Local with Maven (once): ${dir}`);
  const scratch = await mkdtemp(`${dir}-`);
  try {
    await cp(path.join(sourceDir, 'pom.xml'), path.join(scratch, 'pom.xml'));
    const lib = path.join(scratch, 'lib');
    const classes = path.join(scratch, 'classes');
    const goal = [copyDependencies, `-DoutputDirectory=${lib}`, '-DincludeScope=runtime'];
    await run('mvn', ['--batch-mode', '--quiet', '-f', path.join(scratch, 'pom.xml'), ...goal]);
    const source = path.join(sourceDir, 'LoopbackDynamoDb.java');
    await run('javac', ['--release', javaRelease, '-cp', path.join(lib, '*'), '-d', classes, source]);
    await rename(scratch, dir);
    progress('fetched');
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function run(command: 'mvn' | 'javac', args: readonly string[]): Promise<void> {
  const { code, output } = await finished(command, args).catch((error: unknown) => {
    throw toolMissing(command, error instanceof Error ? error.message : String(error));
  });
  if (code === 0) return;
  throw new HoldfastError({
    code: 'DynamoDbLocalBuildFailed',
    source: 'system',
    message: `${command} could not make DynamoDB Local`,
    reason: output.trim().split('\n').slice(-20).join('\n'),
    retryable: true,
    next: `${command} ${args.join(' ')}`,
  });
}

function toolMissing(command: 'mvn' | 'javac', reason: string): HoldfastError {
  return new HoldfastError({
    code: command === 'mvn' ? 'MavenMissing' : 'JavaMissing',
    source: 'user',
    message: 'The store is tested against DynamoDB Local, which comes from Maven and runs on Java',
    reason,
    next:
      command === 'mvn' ? 'install Maven and put `mvn` into PATH' : 'install a JDK 17 or newer and put it into PATH',
  });
}

function finished(command: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
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
