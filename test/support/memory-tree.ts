// A commit in memory, for tests of what reads trees. Ids are Git's own.
import { encodeTree, objectId } from '../../lib/adapters/git/objects.ts';
import type { EntryKind, GitLimits, RevisionReader, TreeEntry } from '../../lib/core/source/git.ts';
import { defaultGitLimits } from '../../lib/core/source/git.ts';
import type { Tree } from '../../lib/core/source/tree.ts';
import { openTree } from '../../lib/core/source/tree.ts';
import { HoldfastError } from '../../lib/core/errors.ts';

/** A file's text, a link's target, or the commit of a submodule. */
export type MemoryFile =
  | string
  | { readonly link: string }
  | { readonly executable: string }
  | { readonly submodule: string };

export interface MemoryReader extends RevisionReader {
  /** How many tree objects were read, doubles included. */
  treesRead(): number;
}

/** A reader of the files (path -> content). */
export function memoryReader(files: Readonly<Record<string, MemoryFile>>, revision = 'memory'): MemoryReader {
  const trees = new Map<string, readonly TreeEntry[]>();
  const blobs = new Map<string, Uint8Array>();
  const blob = (text: string): string => {
    const bytes = Buffer.from(text);
    const id = objectId('blob', bytes);
    blobs.set(id, bytes);
    return id;
  };
  const entryOf = (file: MemoryFile): { kind: EntryKind; id: string } => {
    if (typeof file === 'string') return { kind: 'file', id: blob(file) };
    if ('link' in file) return { kind: 'symlink', id: blob(file.link) };
    if ('executable' in file) return { kind: 'executable', id: blob(file.executable) };
    return { kind: 'submodule', id: file.submodule };
  };
  const build = (paths: readonly (readonly [string, MemoryFile])[]): string => {
    const entries: TreeEntry[] = [];
    const below = new Map<string, [string, MemoryFile][]>();
    for (const [path, file] of paths) {
      const slash = path.indexOf('/');
      if (slash < 0) entries.push({ name: path, ...entryOf(file) });
      else below.set(path.slice(0, slash), [...(below.get(path.slice(0, slash)) ?? []), [path.slice(slash + 1), file]]);
    }
    for (const [name, inner] of below) entries.push({ name, kind: 'directory', id: build(inner) });
    const id = objectId('tree', encodeTree(entries));
    trees.set(id, entries);
    return id;
  };
  const rootId = build(Object.entries(files));
  let read = 0;
  const missing = (id: string): HoldfastError =>
    new HoldfastError({ code: 'GitObjectMissing', source: 'system', message: `${id} is missing`, object: id });
  return {
    revision,
    rootId,
    tree: async (id) => {
      read += 1;
      return trees.get(id) ?? (await Promise.reject(missing(id)));
    },
    blob: async (id) => blobs.get(id) ?? (await Promise.reject(missing(id))),
    treesRead: () => read,
  };
}

/** The tree of the files. */
export function memoryTree(files: Readonly<Record<string, MemoryFile>>, limits: GitLimits = defaultGitLimits): Tree {
  return openTree(memoryReader(files), limits);
}
