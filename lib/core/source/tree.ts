// A bounded view of one commit by path: what renderers, config and triggers may look at. Every name and link is checked on the way.
import { HoldfastError } from '../errors.ts';
import { decodeUtf8 } from '../text.ts';
import type { GitLimits, RevisionReader, TreeEntry } from './git.ts';
import { childPath, parentPath, resolvePath, shown, unsafeName } from './path.ts';

/** What is found at a path, with symbolic links followed inside the repository. */
export interface TreeNode {
  /** The path as asked for. */
  readonly path: string;
  /** `badlink`: only in `list`, a link that leads nowhere, outside or in circles (looking it up or walking over it is the error). */
  readonly kind: 'file' | 'executable' | 'directory' | 'badlink';
  /** Object id of what the path leads to; of a `badlink` that of the link. Equal ids mean equal content. */
  readonly id: string;
  /** Where the content really lies, when a link was followed on the way. */
  readonly target?: string;
}

/** Something odd that was left out, for the user to know. */
export interface TreeWarning {
  readonly code: string;
  readonly path: string;
  readonly message: string;
}

/**
 * One commit by path. Paths are normalised (see `resolvePath`), '' is the root. Tree objects are read once and kept, so that
 * looking up thousands of neighbours is cheap. All calls throw HoldfastError `GitTreeInvalid` (unsafe or doubled name, bad link),
 * `GitTreeTooDeep`, `GitTreeTooLarge`, and what the reader throws.
 */
export interface Tree {
  readonly revision: string;
  /** What the path leads to; undefined when nothing is there (also at the end of a dangling link). */
  lookup(path: string): Promise<TreeNode | undefined>;
  /** Entries of a directory by name; undefined when the path is not a directory. Submodules are left out with a warning. */
  list(directory: string): Promise<readonly TreeNode[] | undefined>;
  /** All files below a directory, or the file itself, in path order; undefined when nothing is there. */
  walk(path: string): Promise<readonly TreeNode[] | undefined>;
  /** Symbolic links below a directory (the path itself is not one of them), each with what it leads to, in path order. */
  links(directory: string): Promise<readonly TreeNode[]>;
  /** Content of a file. Throws `GitFileMissing` when there is no file at the path. */
  bytes(path: string): Promise<Uint8Array>;
  /** What was left out so far. */
  warnings(): readonly TreeWarning[];
}

/** Links followed for one path before we call it a loop; Linux stops at the same number. */
const maxLinks = 40;
/** A link's text is a path; longer than any path can be is not read. */
const maxLinkBytes = 4096;

const invalid = (path: string, message: string): HoldfastError =>
  new HoldfastError({
    code: 'GitTreeInvalid',
    source: 'user',
    message,
    object: shown(path),
    next: `Remove or rename ${shown(path)} and push`,
  });

type Directory = ReadonlyMap<string, TreeEntry>;

/** Where a path leads before its last link is followed any further. */
interface Found {
  readonly entry: TreeEntry;
  readonly path: string;
}

/** What a walk has gathered so far. */
interface Walked {
  readonly files: TreeNode[];
  readonly links: TreeNode[];
  entries: number;
}

class BoundedTree implements Tree {
  readonly revision: string;
  readonly #reader: RevisionReader;
  readonly #limits: GitLimits;
  readonly #root: TreeEntry;
  readonly #directories = new Map<string, Directory>();
  readonly #links = new Map<string, string>();
  readonly #warnings = new Map<string, TreeWarning>();
  #entriesRead = 0;

  constructor(reader: RevisionReader, limits: GitLimits) {
    this.revision = reader.revision;
    this.#reader = reader;
    this.#limits = limits;
    this.#root = { name: '', kind: 'directory', id: reader.rootId };
  }

  async lookup(path: string): Promise<TreeNode | undefined> {
    const found = await this.#find(path);
    return found === undefined ? undefined : node(path, found);
  }

  async list(directory: string): Promise<readonly TreeNode[] | undefined> {
    const found = await this.#find(directory);
    if (found?.entry.kind !== 'directory') return undefined;
    const nodes: TreeNode[] = [];
    for (const entry of (await this.#directory(found.entry.id, found.path)).values()) {
      const path = childPath(directory, entry.name);
      const real = childPath(found.path, entry.name);
      if (entry.kind === 'submodule') this.#warnSubmodule(real);
      else if (entry.kind === 'symlink') nodes.push(await this.#linkNode(path, real, entry));
      else nodes.push(node(path, { entry, path: real }));
    }
    return nodes.sort(byPath);
  }

  async walk(path: string): Promise<readonly TreeNode[] | undefined> {
    const found = await this.#find(path);
    return found === undefined ? undefined : (await this.#below(path, found)).files;
  }

  async links(directory: string): Promise<readonly TreeNode[]> {
    const found = await this.#find(directory);
    return found === undefined ? [] : (await this.#below(directory, found)).links;
  }

  async bytes(path: string): Promise<Uint8Array> {
    const found = await this.#find(path);
    if (found === undefined || found.entry.kind === 'directory') {
      throw new HoldfastError({
        code: 'GitFileMissing',
        source: 'user',
        message: `There is no file ${shown(path)} at ${this.revision.slice(0, 12)}`,
        object: shown(path),
      });
    }
    return await this.#blob(found.entry.id, path);
  }

  warnings(): readonly TreeWarning[] {
    return [...this.#warnings.values()];
  }

  /** Follows a path and every link on it. Undefined when nothing is there. */
  async #find(path: string): Promise<Found | undefined> {
    let rest = path === '' ? [] : path.split('/');
    if (rest.length > this.#limits.depth) throw this.#tooDeep(path);
    let here: Found = { entry: this.#root, path: '' };
    let links = 0;
    while (rest.length > 0) {
      const [name, ...below] = rest as [string, ...string[]];
      if (here.entry.kind !== 'directory') return undefined;
      const directory = this.#directories.get(here.entry.id) ?? (await this.#directory(here.entry.id, here.path));
      const entry = directory.get(name);
      if (entry === undefined) return undefined;
      const real = childPath(here.path, name);
      if (entry.kind === 'submodule') {
        this.#warnSubmodule(real);
        return undefined;
      }
      if (entry.kind !== 'symlink') {
        here = { entry, path: real };
        rest = below;
        continue;
      }
      links += 1;
      if (links > maxLinks) throw invalid(path, `${shown(path)} is a symbolic link that leads in circles`);
      const target = await this.#linkTarget(entry, real);
      rest = [...(target === '' ? [] : target.split('/')), ...below];
      if (rest.length > this.#limits.depth) throw this.#tooDeep(path);
      here = { entry: this.#root, path: '' };
    }
    return here;
  }

  async #linkNode(path: string, real: string, entry: TreeEntry): Promise<TreeNode> {
    const bad: TreeNode = { path, kind: 'badlink', id: entry.id };
    try {
      const found = await this.#find(real);
      return found === undefined ? bad : node(path, found);
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'GitTreeInvalid') return bad;
      throw error;
    }
  }

  async #linkTarget(entry: TreeEntry, path: string): Promise<string> {
    let text = this.#links.get(entry.id);
    if (text === undefined) {
      const bytes = await this.#blob(entry.id, path);
      if (bytes.length > maxLinkBytes) throw invalid(path, `The symbolic link ${shown(path)} is longer than a path`);
      text = decodeUtf8(bytes);
      this.#links.set(entry.id, text);
    }
    const target = text === '' ? undefined : resolvePath(parentPath(path), text);
    if (target === undefined) {
      throw invalid(path, `The symbolic link ${shown(path)} leads out of the repository, to "${shown(text)}"`);
    }
    return target;
  }

  async #below(path: string, found: Found): Promise<Walked> {
    const walked: Walked = { files: [], links: [], entries: 0 };
    await this.#collect(path, found, walked, []);
    walked.files.sort(byPath);
    walked.links.sort(byPath);
    return walked;
  }

  async #collect(path: string, found: Found, walked: Walked, above: readonly string[]): Promise<void> {
    walked.entries += 1;
    if (walked.entries > this.#limits.entries) throw this.#tooLarge(path);
    if (found.entry.kind !== 'directory') {
      walked.files.push(node(path, found));
      return;
    }
    // A directory met again below itself can only come from a link: it would never end.
    if (above.includes(found.path)) {
      throw invalid(path, `${shown(path)} leads back to ${shown(found.path)}, which holds it`);
    }
    if (above.length >= this.#limits.depth) throw this.#tooDeep(path);
    const directory = await this.#directory(found.entry.id, found.path);
    await this.#readAhead(directory, found.path);
    for (const entry of directory.values()) {
      const at = childPath(path, entry.name);
      const real = childPath(found.path, entry.name);
      if (entry.kind === 'submodule') {
        this.#warnSubmodule(real);
        continue;
      }
      const next = entry.kind === 'symlink' ? await this.#find(real) : { entry, path: real };
      if (next === undefined) throw invalid(real, `The symbolic link ${shown(real)} leads nowhere`);
      if (entry.kind === 'symlink') walked.links.push(node(at, next));
      await this.#collect(at, next, walked, [...above, found.path]);
    }
  }

  /** Asks for all directories of a directory at once: with a reader behind a pipe or a network this is one wait, not hundreds. */
  async #readAhead(directory: Directory, path: string): Promise<void> {
    const wanted = new Map<string, string>();
    for (const entry of directory.values()) {
      if (entry.kind === 'directory' && !this.#directories.has(entry.id)) wanted.set(entry.id, entry.name);
    }
    if (wanted.size > 1) {
      await Promise.all([...wanted].map(([id, name]) => this.#directory(id, childPath(path, name))));
    }
  }

  /** One tree object, checked, by name. Kept for ever: it is immutable and bounded by the limit on entries. */
  async #directory(id: string, path: string): Promise<Directory> {
    const known = this.#directories.get(id);
    if (known !== undefined) return known;
    const entries = await this.#reader.tree(id);
    this.#entriesRead += entries.length;
    if (this.#entriesRead > this.#limits.entries) throw this.#tooLarge(path);
    const directory = new Map<string, TreeEntry>();
    for (const entry of entries) {
      const unsafe = unsafeName(entry.name);
      const at = childPath(path, entry.name);
      if (unsafe !== undefined) throw invalid(at, `The tree has ${unsafe}: ${shown(at)}`);
      if (directory.has(entry.name)) throw invalid(at, `The tree has ${shown(at)} twice`);
      directory.set(entry.name, entry);
    }
    this.#directories.set(id, directory);
    return directory;
  }

  async #blob(id: string, path: string): Promise<Uint8Array> {
    try {
      return await this.#reader.blob(id);
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.object !== id) throw error;
      // The reader knows ids only; the user knows paths.
      throw new HoldfastError({
        code: error.code,
        source: error.source,
        message: `${shown(path)}: ${error.message}`,
        retryable: error.retryable,
        object: shown(path),
        cause: error,
      });
    }
  }

  #warnSubmodule(path: string): void {
    if (this.#warnings.has(path)) return;
    this.#warnings.set(path, {
      code: 'GitSubmoduleIgnored',
      path,
      message: `${shown(path)} is a submodule: it is left out, Holdfast does not fetch submodules`,
    });
  }

  #tooDeep(path: string): HoldfastError {
    return new HoldfastError({
      code: 'GitTreeTooDeep',
      source: 'user',
      message: `${shown(path)} is deeper than ${this.#limits.depth} directories`,
      object: shown(path),
    });
  }

  #tooLarge(path: string): HoldfastError {
    return new HoldfastError({
      code: 'GitTreeTooLarge',
      source: 'user',
      message: `The tree has more than ${this.#limits.entries} entries, counted up to ${path === '' ? 'its root' : shown(path)}`,
      object: shown(path),
    });
  }
}

function node(path: string, found: Found): TreeNode {
  const { kind, id } = found.entry;
  const base: TreeNode = { path, kind: kind === 'directory' || kind === 'executable' ? kind : 'file', id };
  return found.path === path ? base : { ...base, target: found.path };
}

function byPath(a: TreeNode, b: TreeNode): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

/** A bounded view by path of what the reader reads. */
export function openTree(reader: RevisionReader, limits: GitLimits): Tree {
  return new BoundedTree(reader, limits);
}
