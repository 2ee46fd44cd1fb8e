// A repository on this machine: its commits through git's plumbing, and its working tree as it lies there.
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { HoldfastError } from '../../core/errors.ts';
import type { GitLimits, GitSource, Movement, RevisionReader } from '../../core/source/git.ts';
import { defaultGitLimits } from '../../core/source/git.ts';
import { isCommitId } from '../../core/source/branch.ts';
import { shown } from '../../core/source/path.ts';
import { CatFile } from './cat-file.ts';
import { objectMissing, parseTree, treeOfCommit } from './objects.ts';
import { gitText, runGit } from './process.ts';
import { assertBranch, branchMissing } from './refs.ts';
import type { WorktreePath } from './worktree.ts';
import { plainPaths, readWorktree } from './worktree.ts';

/** What `rev-parse` may be given: names, ids, `HEAD~2`, `v1^{commit}`, `main@{yesterday}`; never an option, never white space. */
const revisionPattern = /^[A-Za-z0-9_][A-Za-z0-9_./~^@{}+-]{0,255}$/;

/** A local repository, or a plain directory that is none. Commits are read through one git process: call `close` at the end. */
export interface LocalRepository extends GitSource {
  /** Absolute path that was opened; the root of every path in it. */
  readonly root: string;
  /** False for a directory that is no Git repository: only `openWorktree` works then. */
  readonly isRepository: boolean;
  /** Path of `root` in the repository, with a slash at its end; '' at its top, and where there is none. */
  readonly prefix: string;
  /** Commit id of any revision git understands. Throws `GitRevisionInvalid`, `GitRevisionMissing`, `GitEmpty`. */
  resolve(revision: string): Promise<string>;
  /** The files as they lie there now: tracked, and untracked but not ignored. */
  openWorktree(): Promise<RevisionReader>;
  /** Paths that differ from HEAD, for the refusal to apply what is not committed; empty when there are none. */
  dirtyPaths(): Promise<readonly string[]>;
  /** `origin`'s URL without credentials, when there is one. */
  originUrl(): Promise<string | undefined>;
  close(): void;
}

/**
 * Opens a directory. `except` is an absolute path that is no part of a plain directory (a repository ignores it by itself).
 * Throws `GitDirectoryMissing` when it is not there.
 */
export async function openLocal(
  directory: string,
  limits: GitLimits = defaultGitLimits,
  except = '',
): Promise<LocalRepository> {
  const root = resolve(directory);
  const found = await stat(root).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    throw new HoldfastError({
      code: 'GitDirectoryMissing',
      source: 'user',
      message: `There is no directory ${shown(root)}`,
      object: shown(root),
      next: 'Give the path of a repository that is there',
    });
  }
  return new Local(root, await repositoryAt(root), limits, except);
}

interface Repository {
  /** Path of `root` in the repository, with a slash at its end; '' at the top. */
  readonly prefix: string;
  readonly bare: boolean;
}

async function repositoryAt(root: string): Promise<Repository | undefined> {
  const answer = await runGit({ cwd: root, args: ['rev-parse', '--is-bare-repository', '--show-prefix'] });
  if (answer.code !== 0) return undefined;
  const [bare, prefix = ''] = answer.stdout.toString('utf8').split('\n');
  if (bare === 'true') return { prefix: '', bare: true };
  // A directory that an outer repository ignores has nothing to do with that repository.
  if (prefix !== '' && (await runGit({ cwd: root, args: ['check-ignore', '-q', '.'] })).code === 0) return undefined;
  return { prefix, bare: false };
}

class Local implements LocalRepository {
  readonly root: string;
  readonly #repository: Repository | undefined;
  readonly #limits: GitLimits;
  readonly #objects: CatFile;
  readonly #except: string;

  constructor(root: string, repository: Repository | undefined, limits: GitLimits, except: string) {
    this.root = root;
    this.#repository = repository;
    this.#limits = limits;
    this.#except = except;
    this.#objects = new CatFile(root, limits.blobBytes);
  }

  get isRepository(): boolean {
    return this.#repository !== undefined;
  }

  get prefix(): string {
    return this.#repository?.prefix ?? '';
  }

  async head(branch: string): Promise<string | undefined> {
    assertBranch(branch);
    this.#inRepository();
    return await this.#parse(`refs/heads/${branch}^{commit}`);
  }

  async missing(branch: string): Promise<HoldfastError> {
    const args = ['for-each-ref', '--format=%(refname:short)', '--count=100', 'refs/heads'];
    const names = await gitText({ cwd: this.root, args });
    return branchMissing(branch, names === '' ? [] : names.split('\n'));
  }

  async movement(from: string, to: string): Promise<Movement | undefined> {
    if (!isCommitId(from) || !isCommitId(to)) return undefined;
    const forward = await this.#isAncestor(from, to);
    if (forward !== false) return forward === true ? 'forward' : undefined;
    return (await this.#isAncestor(to, from)) === true ? 'back' : 'rewritten';
  }

  async #isAncestor(ancestor: string, revision: string): Promise<boolean | undefined> {
    const args = ['merge-base', '--is-ancestor', ancestor, revision];
    const { code } = await runGit({ cwd: this.root, args });
    return code === 0 ? true : code === 1 ? false : undefined;
  }

  async resolve(revision: string): Promise<string> {
    this.#inRepository();
    if (!revisionPattern.test(revision) || revision.includes('..')) {
      throw new HoldfastError({
        code: 'GitRevisionInvalid',
        source: 'user',
        message: `"${shown(revision)}" is not a revision: give a commit id, a branch, a tag or HEAD`,
      });
    }
    const id = await this.#parse(`${revision}^{commit}`);
    if (id !== undefined) return id;
    if (revision === 'HEAD') throw await this.missing('HEAD');
    throw new HoldfastError({
      code: 'GitRevisionMissing',
      source: 'user',
      message: `There is no commit "${shown(revision)}" in ${shown(this.root)}`,
      next: 'git log --oneline --all',
    });
  }

  async open(revision: string): Promise<RevisionReader> {
    const commit = await this.resolve(revision);
    const rootId = await this.#rootTree(commit);
    return {
      revision: commit,
      rootId,
      tree: async (id) => {
        const object = await this.#objects.read(id);
        if (object.type !== 'tree') throw objectMissing(id, `is a ${object.type}, not a tree`);
        return parseTree(object.body, id);
      },
      blob: async (id) => {
        const object = await this.#objects.read(id);
        if (object.type !== 'blob') throw objectMissing(id, `is a ${object.type}, not a blob`);
        return object.body;
      },
    };
  }

  async openWorktree(): Promise<RevisionReader> {
    if (this.#repository?.bare === true) {
      throw new HoldfastError({
        code: 'GitNoWorktree',
        source: 'user',
        message: `${shown(this.root)} is a bare repository: it has no working tree`,
        next: 'Give a commit with --revision, for example --revision main',
      });
    }
    const paths =
      this.#repository === undefined
        ? await plainPaths(this.root, this.#limits, this.#except)
        : await listWorktree(this.root);
    return await readWorktree(this.root, paths, this.#limits);
  }

  async dirtyPaths(): Promise<readonly string[]> {
    this.#inRepository();
    if (this.#repository?.bare === true) return [];
    const head = await this.#parse('HEAD^{commit}');
    if (head !== undefined) {
      // Equal content has equal ids. Only when they differ git is asked, which also knows about line-ending settings.
      const [worktree, committed] = await Promise.all([this.openWorktree(), this.#rootTree(head)]);
      if (worktree.rootId === committed) return [];
    }
    const args = ['status', '--porcelain=v1', '-z', '--no-renames', '--untracked-files=all', '--', '.'];
    const text = await gitText({ cwd: this.root, args });
    return text
      .split('\0')
      .filter((line) => line.length > 3)
      .map((line) => line.slice(3));
  }

  async originUrl(): Promise<string | undefined> {
    const answer = await runGit({ cwd: this.root, args: ['config', '--get', 'remote.origin.url'] });
    const url = answer.stdout.toString('utf8').trim();
    if (answer.code !== 0 || url === '') return undefined;
    return url.replace(/^([a-z+]+:\/\/)[^/@]*@/i, '$1');
  }

  /** Nothing is received: it is all on this machine. */
  bytesReceived(): number {
    return 0;
  }

  close(): void {
    this.#objects.close();
  }

  async #parse(spec: string): Promise<string | undefined> {
    const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', spec];
    const answer = await runGit({ cwd: this.root, args });
    const id = answer.stdout.toString('latin1').trim();
    return answer.code === 0 && /^[0-9a-f]{40}$/.test(id) ? id : undefined;
  }

  async #rootTree(commit: string): Promise<string> {
    const prefix = this.#repository?.prefix ?? '';
    const object = await this.#objects.read(commit);
    let id = treeOfCommit(object.body, commit);
    for (const name of prefix.split('/').filter((part) => part !== '')) {
      const entry = parseTree((await this.#objects.read(id)).body, id).find((one) => one.name === name);
      if (entry?.kind !== 'directory') {
        throw new HoldfastError({
          code: 'GitDirectoryMissing',
          source: 'user',
          message: `The directory ${shown(prefix)} is not in commit ${commit.slice(0, 12)}`,
          object: shown(prefix),
          next: 'Commit it, or use --worktree',
        });
      }
      id = entry.id;
    }
    return id;
  }

  #inRepository(): void {
    if (this.#repository !== undefined) return;
    throw new HoldfastError({
      code: 'GitNotARepository',
      source: 'user',
      message: `${shown(this.root)} is not a Git repository`,
      object: shown(this.root),
      next: 'git init, or use --worktree',
    });
  }
}

/** Tracked paths with their submodules, and untracked ones that are not ignored. */
async function listWorktree(root: string): Promise<WorktreePath[]> {
  const list = async (...args: string[]): Promise<string[]> =>
    (await runGit({ cwd: root, args: ['ls-files', '-z', ...args] })).stdout.toString('utf8').split('\0');
  const [tracked, untracked] = await Promise.all([list('-s'), list('-o', '--exclude-standard')]);
  const paths = new Map<string, WorktreePath>();
  for (const line of tracked) {
    const tab = line.indexOf('\t');
    if (tab < 0) continue;
    const path = line.slice(tab + 1);
    paths.set(path, line.startsWith('160000 ') ? { path, submodule: line.slice(7, 47) } : { path });
  }
  // A nested repository is listed as a directory with a slash at its end; it is none of ours.
  for (const path of untracked) if (path !== '' && !path.endsWith('/')) paths.set(path, { path });
  return [...paths.values()];
}
