// A private directory that holds exactly the files a rendering may read, and is gone after it.
import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { HoldfastError } from '../../core/errors.ts';
import type { BundleFile } from '../../core/render/model.ts';
import { resolvePath, shown, unsafeName } from '../../core/source/path.ts';

const prefix = 'holdfast-render-';
const writesAtOnce = 16;

/** What killed processes left is removed once, before the first workspace of this one. */
let sweeping: Promise<void> | undefined;

export interface Workspace {
  /** The repository as far as it may be read. */
  readonly repository: string;
  /** Home and caches of the program. */
  readonly home: string;
  /** A message of the program with paths as they are in the repository. */
  readonly clean: (text: string) => string;
}

/** Writes the files, does the work, removes everything, whatever happens. */
export async function withWorkspace<T>(
  files: readonly BundleFile[],
  work: (workspace: Workspace) => Promise<T>,
): Promise<T> {
  sweeping ??= sweepWorkspaces();
  await sweeping;
  const root = await realpath(await mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`)));
  try {
    const repository = join(root, 'repository');
    const home = join(root, 'home');
    await mkdir(repository, { mode: 0o700 });
    await mkdir(home, { mode: 0o700 });
    await writeFiles(repository, files);
    const clean = (text: string): string =>
      text.replaceAll(`${repository}/`, '').replaceAll(repository, '.').replaceAll(home, '~');
    return await work({ repository, home, clean });
  } finally {
    await rm(root, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function writeFiles(directory: string, files: readonly BundleFile[]): Promise<void> {
  const made = new Set<string>();
  for (const file of files) {
    checkPath(file.path);
    const parent = dirname(join(directory, file.path));
    if (made.has(parent)) continue;
    made.add(parent);
    await mkdir(parent, { recursive: true, mode: 0o700 });
  }
  for (let start = 0; start < files.length; start += writesAtOnce) {
    const batch = files.slice(start, start + writesAtOnce);
    await Promise.all(
      batch.map((file) => writeFile(join(directory, file.path), file.bytes, { mode: 0o600, flag: 'wx' })),
    );
  }
}

/** The tree has checked its names; a bundle may come from a store, so they are checked where they become real. */
function checkPath(path: string): void {
  const safe =
    path !== '' && resolvePath('', path) === path && path.split('/').every((name) => unsafeName(name) === undefined);
  if (safe) return;
  throw new HoldfastError({
    code: 'BundleInvalid',
    source: 'system',
    message: `The inputs bundle names an unsafe path: ${shown(path)}`,
    object: shown(path),
  });
}

/** Removes directories of processes that are gone: they were killed in the middle of a rendering. */
export async function sweepWorkspaces(): Promise<void> {
  for (const name of await readdir(tmpdir()).catch(() => [])) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length).split('-')[0]) : Number.NaN;
    if (!Number.isInteger(pid) || pid <= 0 || isAlive(pid)) continue;
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It lives, and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
