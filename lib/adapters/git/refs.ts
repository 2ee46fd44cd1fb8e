// What to say about branch names that cannot be used or are not there.
import { HoldfastError } from '../../core/errors.ts';
import { isBranch } from '../../core/source/branch.ts';
import { shown } from '../../core/source/path.ts';

/** Throws `GitRefInvalid` when the name is not one that we use. */
export function assertBranch(name: string): void {
  if (isBranch(name)) return;
  throw new HoldfastError({
    code: 'GitRefInvalid',
    source: 'user',
    message: `"${shown(name)}" is not a branch name that Holdfast accepts`,
    next: 'Give the name of a branch, without refs/heads/',
  });
}

/** Why there is no such branch, given the branches that are there. */
export function branchMissing(branch: string, present: readonly string[]): HoldfastError {
  if (present.length === 0) {
    return new HoldfastError({
      code: 'GitEmpty',
      source: 'user',
      message: 'The repository has no commits yet',
      retryable: true,
      next: branch === 'HEAD' ? 'git commit' : `git push origin HEAD:${isBranch(branch) ? branch : 'main'}`,
    });
  }
  const some = present.slice(0, 5).map((name) => shown(name, 60));
  return new HoldfastError({
    code: 'GitBranchMissing',
    source: 'user',
    message: `There is no branch "${shown(branch)}"; there is ${some.join(', ')}${present.length > 5 ? ', …' : ''}`,
    retryable: true,
  });
}
