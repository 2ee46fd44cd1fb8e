// The port to Git: heads of refs, and a lazy reader of one commit. No checkout, no file system.

import type { HoldfastError } from '../errors.ts';

export type EntryKind = 'file' | 'executable' | 'directory' | 'symlink' | 'submodule';

/** One entry of a Git tree object. `id` is the object id: equal ids mean equal content. */
export interface TreeEntry {
  readonly name: string;
  readonly kind: EntryKind;
  readonly id: string;
}

/** Reads one commit. Ids are object ids; both calls may be repeated freely (results are immutable). */
export interface RevisionReader {
  /** Commit id; of a working tree, `worktree`. */
  readonly revision: string;
  /** Id of the root tree. */
  readonly rootId: string;
  /** Entries of a tree, in Git's order. Throws HoldfastError `GitObjectMissing`, `GitTreeInvalid`. */
  tree(id: string): Promise<readonly TreeEntry[]>;
  /** Content of a blob. Throws `GitObjectMissing`, `GitBlobTooLarge`. */
  blob(id: string): Promise<Uint8Array>;
}

/** How a branch came from one commit to another: on top of it, back to one before it, or by another history. */
export type Movement = 'forward' | 'back' | 'rewritten';

/** A followed repository. */
export interface GitSource {
  /** Commit id that the branch points to now (ls-refs, no fetch), or undefined when the branch does not exist. Throws `GitUnreachable`, `GitAuth`, `GitNotFound`, … */
  head(branch: string): Promise<string | undefined>;
  /** Why `head` gave undefined, to throw or to show: `GitEmpty` or `GitBranchMissing`, which names the branches that are there. */
  missing(branch: string): Promise<HoldfastError>;
  /** A reader of that commit; fetches only when it is not here yet. */
  open(revision: string): Promise<RevisionReader>;
  /** How the branch moved, as far as what was fetched tells it; undefined when it does not. Asks nobody. */
  movement?(from: string, to: string): Promise<Movement | undefined>;
  /** Bytes received from the remote since this source was made; for the cost of a run. */
  bytesReceived(): number;
}

/** Limits on what a repository may make us read; all configurable. */
export interface GitLimits {
  /** Levels of directories. */
  readonly depth: number;
  /** Entries walked in one commit. */
  readonly entries: number;
  readonly blobBytes: number;
  readonly packBytes: number;
}

export const defaultGitLimits: GitLimits = {
  depth: 64,
  entries: 50_000,
  blobBytes: 64 * 1024 * 1024,
  packBytes: 256 * 1024 * 1024,
};

/** A file to write in one commit. */
export interface FileEdit {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Writing back to Git: one commit on a branch on top of `parent`. */
export interface GitWriter {
  /** Answers the new commit id, or `moved` when the branch is no longer at `parent` (read again, decide again). Never forces. */
  commit(request: {
    readonly branch: string;
    readonly parent: string;
    readonly edits: readonly FileEdit[];
    readonly message: string;
    readonly author: { readonly name: string; readonly email: string };
    /** Milliseconds since the epoch. */
    readonly at: number;
  }): Promise<{ readonly kind: 'pushed'; readonly revision: string } | { readonly kind: 'moved' }>;
}
