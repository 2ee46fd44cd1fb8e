// A commit made from literal files or from a directory of fixtures, and an application in it; for rendering tests.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Application } from '../../lib/core/config/model.ts';
import type { Hash } from '../../lib/core/json.ts';
import type { RevisionReader, TreeEntry } from '../../lib/core/source/git.ts';
import { defaultGitLimits } from '../../lib/core/source/git.ts';
import { openTree, type Tree } from '../../lib/core/source/tree.ts';
import { defaultPrune } from './builders.ts';

export type Files = Readonly<Record<string, string | Uint8Array | { readonly link: string }>>;

export const sha256: Hash = (data) => createHash('sha256').update(data).digest('hex');

/** A tree with these files, whose ids follow from content as Git's do. */
export function treeOf(files: Files): Tree {
  return openTree(readerOf(files), defaultGitLimits);
}

function readerOf(files: Files): RevisionReader {
  const blobs = new Map<string, Uint8Array>();
  const trees = new Map<string, readonly TreeEntry[]>();
  const build = (prefix: string): string => {
    const entries = new Map<string, TreeEntry>();
    for (const [path, content] of Object.entries(files)) {
      if (!path.startsWith(prefix)) continue;
      const [name = '', below] = path.slice(prefix.length).split('/', 2);
      if (entries.has(name)) continue;
      if (below !== undefined) {
        entries.set(name, { name, kind: 'directory', id: build(`${prefix}${name}/`) });
        continue;
      }
      const link = typeof content === 'object' && 'link' in content;
      const bytes = typeof content === 'string' ? Buffer.from(content) : link ? Buffer.from(content.link) : content;
      const id = sha256(bytes);
      blobs.set(id, bytes);
      entries.set(name, { name, kind: link ? 'symlink' : 'file', id });
    }
    const list = [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const id = sha256(JSON.stringify(list));
    trees.set(id, list);
    return id;
  };
  const rootId = build('');
  return {
    revision: 'test',
    rootId,
    tree: async (id) => trees.get(id)!,
    blob: async (id) => blobs.get(id)!,
  };
}

/** All files below a directory, by path from it. */
export function filesIn(directory: string): Record<string, Uint8Array> {
  const names = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    names.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(directory.length + 1), new Uint8Array(readFileSync(path))];
    }),
  );
}

/** An application with every default, at `app` unless told otherwise. */
export function appOf(changes: Partial<Application> = {}): Application {
  return {
    id: 'root/web',
    name: 'web',
    alias: 'root',
    path: 'app',
    target: 'demo',
    exclude: [],
    recurse: true,
    helm: { valuesFiles: [], values: {} },
    dependsOn: [],
    sync: { auto: true, selfHeal: false },
    prune: defaultPrune,
    drift: { everyMs: 900_000 },
    conflicts: 'fail',
    adoptFrom: [],
    images: [],
    position: { file: 'holdfast.yaml', line: 5, column: 5 },
    ...changes,
  };
}
