// Finding what is in the commit: the directories that `discover` means, and whether paths lead anywhere.
import { nearest } from './nearest.ts';
import { HoldfastError } from '../errors.ts';
import { childPath, parentPath, resolvePath } from '../source/path.ts';
import type { Tree, TreeNode } from '../source/tree.ts';
import type { ConfigDocument } from './document.ts';
import type { Draft } from './draft.ts';
import { nameFault, nameLengths, patternFault } from './formats.ts';
import type { Position, Problem } from './model.ts';
import { problemAt, quoted } from './problems.ts';

/** What reading a config needs of a commit. */
export type ConfigTree = Pick<Tree, 'lookup' | 'list'>;

/** A directory that a pattern matched, and what each `*` stood for. */
export interface Match {
  readonly path: string;
  readonly captures: readonly string[];
  /** The path is a symbolic link that cannot be followed, so nobody knows whether it is a directory. */
  readonly badLink?: boolean;
}

/** Directories that a pattern matches (see `patternFault`), in path order. Hidden ones only where the pattern begins with a dot itself. */
export async function matchDirectories(tree: ConfigTree, pattern: string): Promise<readonly Match[]> {
  const segments = (resolvePath('', pattern) ?? '').split('/');
  let found: readonly Match[] = [{ path: '', captures: [] }];
  for (const segment of segments) {
    const next: Match[] = [];
    for (const match of found) next.push(...(await matchSegment(tree, match, segment)));
    found = next;
  }
  return [...found].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

async function matchSegment(tree: ConfigTree, match: Match, segment: string): Promise<readonly Match[]> {
  const [before = '', after] = segment.split('*');
  const entries = (await tree.list(match.path)) ?? [];
  return entries.flatMap((entry: TreeNode) => {
    const name = entry.path.slice(entry.path.lastIndexOf('/') + 1);
    if (entry.kind !== 'directory' && entry.kind !== 'badlink') return [];
    const path = childPath(match.path, name);
    const next = { ...match, path, ...(entry.kind === 'badlink' ? { badLink: true } : {}) };
    if (after === undefined) return name === before ? [next] : [];
    const fits = name.length > before.length + after.length && name.startsWith(before) && name.endsWith(after);
    if (!fits || (before === '' && name.startsWith('.'))) return [];
    const capture = name.slice(before.length, name.length - after.length);
    return [{ ...next, captures: [...match.captures, capture] }];
  });
}

/** The name of a discovered application: the template with its captures, or all captures joined by `-`. */
export function discoveredName(template: string | undefined, captures: readonly string[]): string {
  const text =
    template === undefined
      ? captures.join('-')
      : template.replace(/\{([1-9])\}/g, (_, index: string) => captures[Number(index) - 1] ?? '');
  return text.toLowerCase().replace(/[_. ]+/g, '-');
}

/** Fills the members of every entry. Directories that an entry of its own names by path are left to that entry. */
export async function findMembers(drafts: readonly Draft[], tree: ConfigTree, document: ConfigDocument): Promise<void> {
  const named = new Set(
    drafts.flatMap((draft) => (draft.discover === undefined && draft.path !== undefined ? [draft.path] : [])),
  );
  for (const draft of drafts) {
    if (draft.value.discover === undefined) {
      // Under a name that is none, nobody can tell which application was meant: then the entry is held without a name.
      const usable = draft.name !== undefined && nameFault(draft.name, nameLengths.app) === undefined;
      if (usable) draft.members.push({ name: draft.name, path: draft.path, problems: [] });
    } else if (draft.discover !== undefined && patternFault(draft.discover) === undefined) {
      await discoverMembers(draft, draft.discover, { tree, document, named });
    }
  }
}

interface Discovery {
  readonly tree: ConfigTree;
  readonly document: ConfigDocument;
  readonly named: ReadonlySet<string>;
}

async function discoverMembers(draft: Draft, pattern: string, { tree, document, named }: Discovery): Promise<void> {
  const place = document.place([...draft.at, 'discover']);
  const fixed = fixedPart(pattern);
  const matches = await withLinks(
    draft,
    () => place,
    async () => {
      if (fixed !== '' && (await tree.lookup(fixed))?.kind !== 'directory') {
        draft.problems.push(await missing(tree, fixed, place));
        return [];
      }
      return await matchDirectories(tree, pattern);
    },
  );
  for (const match of matches ?? []) {
    if (named.has(match.path)) continue;
    const name = discoveredName(draft.name, match.captures);
    const fault = nameFault(name, nameLengths.app);
    if (fault !== undefined) {
      const message = `The directory ${quoted(match.path)} gives no usable name: ${fault.message}`;
      draft.unnamed.push(problemAt(place, 'ConfigDiscoverName', message));
      continue;
    }
    const broken = `${quoted(match.path)} is a symbolic link that leads nowhere, out of the repository or in circles`;
    const problems = match.badLink === true ? [problemAt(place, 'ConfigPath', broken)] : [];
    draft.members.push({ name, path: match.path, problems });
  }
}

/** The directories before the first `*`. */
function fixedPart(pattern: string): string {
  const segments = (resolvePath('', pattern) ?? '').split('/');
  const first = segments.findIndex((segment) => segment.includes('*'));
  return segments.slice(0, first).join('/');
}

/** Looks at the tree; a bad link or name on the way is a problem of the entry. Undefined then. */
async function withLinks<T>(draft: Draft, place: () => Position, look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'GitTreeInvalid') throw error;
    draft.problems.push(problemAt(place(), 'ConfigPath', error.message));
    return undefined;
  }
}

/** Checks that the path of every entry leads to something in this commit, and to the right kind of thing. */
export async function checkPaths(drafts: readonly Draft[], tree: ConfigTree, document: ConfigDocument): Promise<void> {
  for (const draft of drafts) {
    const { path } = draft;
    if (path === undefined || draft.value.discover !== undefined) continue;
    const place = (): Position => document.place([...draft.at, 'path']);
    await withLinks(draft, place, async () => {
      const node = await tree.lookup(path);
      if (node === undefined) draft.problems.push(await missing(tree, path, place()));
      else if (draft.isStack && node.kind === 'directory') {
        const message = `${quoted(path)} is a directory; the path of a stack is its template file`;
        draft.problems.push(problemAt(place(), 'ConfigPathKind', message));
      }
    });
  }
}

async function missing(tree: ConfigTree, path: string, place: Position): Promise<Problem> {
  let directory = path;
  let below = '';
  let entries: readonly TreeNode[] | undefined;
  while (entries === undefined && directory !== '') {
    below = directory;
    directory = parentPath(directory);
    entries = await tree.list(directory);
  }
  const exists = directory === '' ? '' : `; the nearest directory that exists is ${quoted(directory)}`;
  const near = nearest(
    below,
    (entries ?? []).map((entry) => entry.path),
  );
  return problemAt(place, 'ConfigPathMissing', `Nothing is at ${quoted(path)} in this commit${exists}`, near);
}
