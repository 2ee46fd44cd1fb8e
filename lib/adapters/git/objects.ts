// Git's object formats: ids and trees, as bytes.
import { createHash } from 'node:crypto';
import { HoldfastError } from '../../core/errors.ts';
import type { EntryKind, TreeEntry } from '../../core/source/git.ts';

export type ObjectType = 'commit' | 'tree' | 'blob' | 'tag';

export interface GitObject {
  readonly type: ObjectType;
  readonly body: Buffer;
}

/** Id of an object: SHA-1 over its header and content. */
export function objectId(type: ObjectType, body: Uint8Array): string {
  return createHash('sha1').update(`${type} ${body.length}\0`).update(body).digest('hex');
}

const kindByMode: Readonly<Record<string, EntryKind>> = {
  '40000': 'directory',
  '040000': 'directory',
  '100644': 'file',
  '100664': 'file',
  '100755': 'executable',
  '120000': 'symlink',
  '160000': 'submodule',
};
const modeByKind: Readonly<Record<EntryKind, string>> = {
  directory: '40000',
  file: '100644',
  executable: '100755',
  symlink: '120000',
  submodule: '160000',
};

function badTree(id: string, what: string): HoldfastError {
  return new HoldfastError({
    code: 'GitTreeInvalid',
    source: 'user',
    message: `The tree ${id} ${what}`,
    object: id,
    next: 'git fsck',
  });
}

/** Entries of a tree object as they stand. Names are checked by who uses them. Throws `GitTreeInvalid`. */
export function parseTree(body: Buffer, id: string): TreeEntry[] {
  const entries: TreeEntry[] = [];
  let at = 0;
  while (at < body.length) {
    const space = body.indexOf(0x20, at);
    const end = space < 0 ? -1 : body.indexOf(0, space);
    if (end < 0 || end + 21 > body.length) throw badTree(id, 'is cut off');
    const kind = kindByMode[body.toString('latin1', at, space)];
    if (kind === undefined) throw badTree(id, 'has an entry of an unknown mode');
    entries.push({ name: body.toString('utf8', space + 1, end), kind, id: body.toString('hex', end + 1, end + 21) });
    at = end + 21;
  }
  return entries;
}

/** A tree object of these entries, in Git's order (a directory sorts as if its name ended in a slash). */
export function encodeTree(entries: readonly TreeEntry[]): Buffer {
  const keyed = entries.map((entry) => ({
    entry,
    key: Buffer.from(entry.kind === 'directory' ? `${entry.name}/` : entry.name),
  }));
  keyed.sort((a, b) => Buffer.compare(a.key, b.key));
  return Buffer.concat(
    keyed.flatMap(({ entry }) => [
      Buffer.from(`${modeByKind[entry.kind]} ${entry.name}\0`),
      Buffer.from(entry.id, 'hex'),
    ]),
  );
}

/** Id of the root tree that a commit object names. Throws `GitObjectMissing` when it names none. */
export function treeOfCommit(body: Buffer, id: string): string {
  const tree = /^tree ([0-9a-f]{40})\n/.exec(body.toString('latin1', 0, 46))?.[1];
  if (tree === undefined) throw objectMissing(id, 'is not a commit');
  return tree;
}

/** The error for an object that is not there or is something else. `object` is the id, so that a caller can add the path. */
export function objectMissing(id: string, what = 'is missing'): HoldfastError {
  return new HoldfastError({
    code: 'GitObjectMissing',
    source: 'system',
    message: `The Git object ${id} ${what}`,
    retryable: true,
    object: id,
  });
}

/** The error for a blob over the limit, before it is inflated. */
export function blobTooLarge(id: string, size: number, limit: number): HoldfastError {
  return new HoldfastError({
    code: 'GitBlobTooLarge',
    source: 'user',
    message: `A file of ${Math.ceil(size / (1024 * 1024))} MiB is over the limit of ${Math.floor(limit / (1024 * 1024))} MiB`,
    object: id,
    next: 'Keep large files out of the repository, or raise the limit',
  });
}
