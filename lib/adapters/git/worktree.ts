// The working tree of a local repository as if it were committed: tracked files, and untracked ones that are not ignored.
import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { HoldfastError } from '../../core/errors.ts';
import type { EntryKind, GitLimits, RevisionReader, TreeEntry } from '../../core/source/git.ts';
import { shown } from '../../core/source/path.ts';
import { blobTooLarge, encodeTree, objectId, objectMissing } from './objects.ts';

/** A path to take, relative to the root; submodules come with the commit they are at. */
export interface WorktreePath {
  readonly path: string;
  readonly submodule?: string;
}

/** Content by id, or why it was not read. */
type Blobs = Map<string, Uint8Array | HoldfastError>;

interface Read {
  readonly path: string;
  readonly kind: EntryKind;
  readonly id: string;
}

/** Longest time without a turn for the rest of the process. Small files are read several times faster one after the other than at once. */
const sliceMs = 20;

/**
 * Reads and hashes the given files: real blob ids, and tree ids made from content as git makes them, so that what is equal to
 * a commit has that commit's ids. Files that vanish meanwhile are left out; reading one that is too large throws `GitBlobTooLarge`.
 * Throws `GitTreeTooLarge`.
 */
export async function readWorktree(
  root: string,
  paths: readonly WorktreePath[],
  limits: GitLimits,
): Promise<RevisionReader> {
  if (paths.length > limits.entries) throw tooMany(root, limits.entries);
  const blobs: Blobs = new Map();
  const found: Read[] = [];
  let sliceStart = performance.now();
  for (const path of paths) {
    const read = readOne(root, path, limits, blobs);
    if (read !== undefined) found.push(read);
    if (performance.now() - sliceStart < sliceMs) continue;
    await turn();
    sliceStart = performance.now();
  }
  const trees = new Map<string, readonly TreeEntry[]>();
  const rootId = hashTree(nest(found), trees);
  return {
    revision: 'worktree',
    rootId,
    tree: async (id) => trees.get(id) ?? (await Promise.reject(objectMissing(id))),
    blob: async (id) => {
      const blob = blobs.get(id) ?? objectMissing(id);
      if (blob instanceof Uint8Array) return blob;
      throw blob;
    },
  };
}

function readOne(root: string, { path, submodule }: WorktreePath, limits: GitLimits, blobs: Blobs): Read | undefined {
  if (submodule !== undefined) return { path, kind: 'submodule', id: submodule };
  const file = join(root, path);
  try {
    const stat = lstatSync(file);
    if (stat.isDirectory()) return { path, kind: 'submodule', id: '0'.repeat(40) };
    if (!stat.isSymbolicLink() && !stat.isFile()) return undefined;
    if (stat.size > limits.blobBytes) {
      // An error for whoever reads it, and for nobody else: a core dump beside the manifests is no reason to stop.
      const id = objectId('blob', Buffer.from(`${path} ${stat.size} ${stat.mtimeMs}`));
      blobs.set(id, blobTooLarge(shown(path), stat.size, limits.blobBytes));
      return { path, kind: 'file', id };
    }
    const bytes = stat.isSymbolicLink() ? Buffer.from(readlinkSync(file)) : readFileSync(file);
    const id = objectId('blob', bytes);
    blobs.set(id, bytes);
    if (stat.isSymbolicLink()) return { path, kind: 'symlink', id };
    return { path, kind: (stat.mode & 0o100) === 0 ? 'file' : 'executable', id };
  } catch (error) {
    if (error instanceof HoldfastError) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    // Deleted but still in the index, or deleted while we were reading: it is not in the working tree.
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new HoldfastError({
      code: 'GitFileUnreadable',
      source: 'user',
      message: `${shown(path)} cannot be read: ${String(code)}`,
      object: shown(path),
      cause: error,
    });
  }
}

interface Branch {
  readonly entries: Map<string, Read | Branch>;
}

function nest(files: readonly Read[]): Branch {
  const root: Branch = { entries: new Map() };
  for (const file of files) {
    const parts = file.path.split('/');
    const name = parts.pop() ?? '';
    let at = root;
    for (const part of parts) {
      const known = at.entries.get(part);
      const next: Branch = known !== undefined && 'entries' in known ? known : { entries: new Map() };
      at.entries.set(part, next);
      at = next;
    }
    at.entries.set(name, file);
  }
  return root;
}

function hashTree(branch: Branch, trees: Map<string, readonly TreeEntry[]>): string {
  const entries: TreeEntry[] = [];
  for (const [name, entry] of branch.entries) {
    if ('entries' in entry) entries.push({ name, kind: 'directory', id: hashTree(entry, trees) });
    else entries.push({ name, kind: entry.kind, id: entry.id });
  }
  const id = objectId('tree', encodeTree(entries));
  trees.set(id, entries);
  return id;
}

/**
 * Every file below a directory that is no Git repository; only `.git` and the directory `except` (absolute) are left out.
 * Throws `GitTreeTooLarge`, `GitTreeTooDeep`.
 */
export async function plainPaths(root: string, limits: GitLimits, except = ''): Promise<WorktreePath[]> {
  const paths: WorktreePath[] = [];
  const walk = async (directory: string, depth: number): Promise<void> => {
    if (depth > limits.depth) {
      const message = `${shown(directory)} is deeper than ${limits.depth} directories`;
      throw new HoldfastError({ code: 'GitTreeTooDeep', source: 'user', message, object: shown(directory) });
    }
    for (const entry of await readdir(join(root, directory), { withFileTypes: true })) {
      const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
      if (entry.name === '.git' || join(root, path) === except) continue;
      if (entry.isDirectory()) await walk(path, depth + 1);
      else paths.push({ path });
      if (paths.length > limits.entries) throw tooMany(root, limits.entries);
    }
  };
  await walk('', 0);
  return paths;
}

function tooMany(root: string, limit: number): HoldfastError {
  return new HoldfastError({
    code: 'GitTreeTooLarge',
    source: 'user',
    message: `${root} holds more than ${limit} files`,
    object: root,
  });
}
