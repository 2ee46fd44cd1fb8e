// A new commit as the few objects it needs: its blobs, the trees up the path, and itself, packed for a push.
import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { HoldfastError } from '../../core/errors.ts';
import type { FileEdit, GitWriter, RevisionReader, TreeEntry } from '../../core/source/git.ts';
import { resolvePath, shown, unsafeName } from '../../core/source/path.ts';
import { encodeTree, objectId } from './objects.ts';

export type CommitRequest = Parameters<GitWriter['commit']>[0];

export interface NewObject {
  readonly type: 'commit' | 'tree' | 'blob';
  readonly id: string;
  readonly body: Uint8Array;
}

/** The objects of a commit on top of `parent`. Throws `GitEditInvalid` when a path cannot be written. */
export async function buildCommit(
  parent: RevisionReader,
  request: CommitRequest,
): Promise<{ readonly id: string; readonly objects: readonly NewObject[] }> {
  const objects: NewObject[] = [];
  const add = (type: NewObject['type'], body: Uint8Array): string => {
    const id = objectId(type, body);
    objects.push({ type, id, body });
    return id;
  };
  const edits = request.edits.map((edit) => ({ names: namesOf(edit), bytes: edit.bytes }));
  const tree = await rewrite(parent, parent.rootId, edits, add);
  const who = `${signature(request.author)} ${Math.floor(request.at / 1000)} +0000`;
  const message = request.message.endsWith('\n') ? request.message : `${request.message}\n`;
  const head = `tree ${tree}\nparent ${request.parent}\nauthor ${who}\ncommitter ${who}\n\n`;
  const id = add('commit', Buffer.from(head + message.replaceAll('\0', '')));
  return { id, objects };
}

/** Name and address as Git writes them: what would end the line or the address is left out. */
function signature({ name, email }: CommitRequest['author']): string {
  const clean = (text: string): string => text.replace(/[\p{Cc}<>]/gu, '').trim();
  return `${clean(name) || 'Holdfast'} <${clean(email)}>`;
}

function namesOf(edit: FileEdit): readonly string[] {
  const names = edit.path.split('/');
  const bad = resolvePath('', edit.path) !== edit.path || edit.path === '' || names.some((name) => unsafeName(name));
  if (!bad) return names;
  throw invalid(edit.path, 'is not a path in a repository');
}

function invalid(path: string, what: string): HoldfastError {
  return new HoldfastError({
    code: 'GitEditInvalid',
    source: 'system',
    message: `${shown(path)} ${what}`,
    object: shown(path),
  });
}

interface Edit {
  readonly names: readonly string[];
  readonly bytes: Uint8Array;
}

async function rewrite(
  reader: RevisionReader,
  treeId: string | undefined,
  edits: readonly Edit[],
  add: (type: NewObject['type'], body: Uint8Array) => string,
): Promise<string> {
  const before = treeId === undefined ? [] : await reader.tree(treeId);
  const entries = new Map<string, TreeEntry>(before.map((entry) => [entry.name, entry]));
  const below = new Map<string, Edit[]>();
  for (const edit of edits) {
    const [name = '', ...rest] = edit.names;
    const known = entries.get(name);
    if (rest.length > 0) {
      below.set(name, [...(below.get(name) ?? []), { names: rest, bytes: edit.bytes }]);
      continue;
    }
    // A link or a directory in the place of a file means that the tree is not what the edit was made for.
    if (known !== undefined && known.kind !== 'file' && known.kind !== 'executable')
      throw invalid(name, `is a ${known.kind}`);
    entries.set(name, { name, kind: known?.kind ?? 'file', id: add('blob', edit.bytes) });
  }
  for (const [name, inner] of below) {
    const known = entries.get(name);
    if (known !== undefined && known.kind !== 'directory') throw invalid(name, `is a ${known.kind}, not a directory`);
    entries.set(name, { name, kind: 'directory', id: await rewrite(reader, known?.id, inner, add) });
  }
  return add('tree', encodeTree([...entries.values()]));
}

const typeNumber = { commit: 1, tree: 2, blob: 3 } as const;

/** A pack of whole objects. */
export function encodePack(objects: readonly NewObject[]): Buffer {
  const unique = [...new Map(objects.map((object) => [object.id, object])).values()];
  const head = Buffer.from('PACK\0\0\0\x02\0\0\0\0', 'latin1');
  head.writeUInt32BE(unique.length, 8);
  const parts: Buffer[] = [head];
  for (const { type, body } of unique) {
    const header: number[] = [];
    let size = Math.floor(body.length / 16);
    let byte = (typeNumber[type] << 4) | (body.length & 15);
    while (size > 0) {
      header.push(byte | 0x80);
      byte = size & 0x7f;
      size = Math.floor(size / 128);
    }
    header.push(byte);
    parts.push(Buffer.from(header), deflateSync(body));
  }
  const pack = Buffer.concat(parts);
  return Buffer.concat([pack, createHash('sha1').update(pack).digest()]);
}
