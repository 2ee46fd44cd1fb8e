// Writing back to Git: one commit on top of a known parent, by push to a host or straight into a repository of this machine.
import { HoldfastError } from '../../core/errors.ts';
import type { GitSource, GitWriter, RevisionReader } from '../../core/source/git.ts';
import { shown } from '../../core/source/path.ts';
import type { CommitRequest } from './commit.ts';
import { buildCommit, encodePack } from './commit.ts';
import type { GitHttpOptions } from './http.ts';
import { GitHttp } from './http.ts';
import { runGit } from './process.ts';
import { pushPack } from './push.ts';
import { assertBranch } from './refs.ts';

/** Writes to a repository on a Git host; `source` reads the same repository. Throws `GitUrlInvalid`. */
export function remoteWriter(source: GitSource, options: GitHttpOptions): GitWriter {
  const http = new GitHttp(options);
  return {
    commit: async (request) => {
      assertBranch(request.branch);
      const parent = await openParent(source, request.parent);
      if (parent === undefined) return { kind: 'moved' };
      const { id, objects } = await buildCommit(parent, request);
      const ref = `refs/heads/${request.branch}`;
      const result = await pushPack(http, { ref, from: request.parent, to: id, pack: encodePack(objects) });
      return result === 'pushed' ? { kind: 'pushed', revision: id } : { kind: 'moved' };
    },
  };
}

/** The parent, or undefined when the host does not have it any more: then the branch is not at it either. */
async function openParent(source: GitSource, parent: string): Promise<RevisionReader | undefined> {
  try {
    return await source.open(parent);
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'GitRevisionMissing') return undefined;
    throw error;
  }
}

/** Writes to a repository of this machine. A branch that is checked out somewhere is refused, as a push to it would be. */
export function localWriter(source: GitSource, directory: string): GitWriter {
  return {
    commit: async (request) => {
      assertBranch(request.branch);
      if ((await source.head(request.branch)) !== request.parent) return { kind: 'moved' };
      await refuseCheckedOut(directory, request.branch);
      const { id, objects } = await buildCommit(await source.open(request.parent), request);
      const unpacked = await runGit({ cwd: directory, args: ['unpack-objects', '-q'], input: encodePack(objects) });
      if (unpacked.code !== 0) throw failed(request, unpacked.stderr);
      const args = ['update-ref', '-m', 'holdfast', `refs/heads/${request.branch}`, id, request.parent];
      const updated = await runGit({ cwd: directory, args });
      if (updated.code === 0) return { kind: 'pushed', revision: id };
      if ((await source.head(request.branch)) !== request.parent) return { kind: 'moved' };
      throw failed(request, updated.stderr);
    },
  };
}

async function refuseCheckedOut(directory: string, branch: string): Promise<void> {
  const list = await runGit({ cwd: directory, args: ['worktree', 'list', '--porcelain'] });
  const worktrees = list.stdout.toString('utf8').split('\n\n');
  const holder = worktrees.find(
    (text) => text.split('\n').includes(`branch refs/heads/${branch}`) && !/^bare$/m.test(text),
  );
  if (holder === undefined) return;
  throw new HoldfastError({
    code: 'GitPushRefused',
    source: 'user',
    message: `The branch ${shown(branch)} is checked out in ${shown(directory)}: a commit there would not reach its files`,
    next: 'Follow a bare repository (git clone --bare), or check out another branch',
  });
}

function failed(request: CommitRequest, said: string): HoldfastError {
  return new HoldfastError({
    code: 'GitPushRefused',
    source: 'user',
    message: `The commit could not be written to ${shown(request.branch)}`,
    reason: shown(said, 500),
  });
}
