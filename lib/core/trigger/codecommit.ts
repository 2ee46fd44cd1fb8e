// CodeCommit's repository events as EventBridge delivers them: read into a hint that a branch may have moved.
import type { HostedRepository } from '../githost/host.ts';
import type { JsonObject } from '../json.ts';
import { isObject } from '../json.ts';
import { isBranch, isCommitId } from '../source/branch.ts';

/** That a branch may have moved. Where it is now is asked of the repository. */
export interface CodeCommitHint {
  readonly kind: 'push';
  /** Id of the event; the same event may come again. */
  readonly id: string;
  readonly account: string;
  readonly region: string;
  /** Name of the repository. */
  readonly repository: string;
  /** `refs/heads/…`. */
  readonly ref: string;
  readonly branch: string;
  /** Commit id; 40 zeros when the branch was deleted. */
  readonly after: string;
}

export type CodeCommitResult =
  | CodeCommitHint
  | { readonly kind: 'ignored'; readonly reason: string }
  | { readonly kind: 'malformed'; readonly reason: string };

/** Whose events are believed; absent means any. */
export interface CodeCommitFilter {
  readonly accounts?: readonly string[];
  readonly regions?: readonly string[];
}

const ignored = (reason: string): CodeCommitResult => ({ kind: 'ignored', reason });
const malformed = (reason: string): CodeCommitResult => ({ kind: 'malformed', reason });

/** Reads an event. Never throws, whatever the value is. */
export function readCodeCommitEvent(event: unknown, filter: CodeCommitFilter = {}): CodeCommitResult {
  if (!isObject(event)) return malformed('the event is not an object');
  const { source, account, region, id, detail } = event;
  if (source !== 'aws.codecommit') return ignored('the source is not aws.codecommit');
  if (event['detail-type'] !== 'CodeCommit Repository State Change') {
    return ignored('it is not a state change of a repository (pull requests have events of their own)');
  }
  if (!isObject(detail)) return malformed('"detail" is not an object');
  if (typeof account !== 'string' || !/^\d{12}$/.test(account)) return malformed('"account" is odd');
  if (typeof region !== 'string' || !/^[a-z0-9-]{5,30}$/.test(region)) return malformed('"region" is odd');
  if (filter.accounts?.includes(account) === false) return ignored(`account ${account} is not ours`);
  if (filter.regions?.includes(region) === false) return ignored(`region ${region} is not ours`);
  return readDetail(detail, { account, region, id: typeof id === 'string' ? id.slice(0, 100) : '' });
}

const changes: ReadonlySet<unknown> = new Set(['referenceCreated', 'referenceUpdated', 'referenceDeleted']);

function readDetail(
  detail: JsonObject,
  where: { readonly account: string; readonly region: string; readonly id: string },
): CodeCommitResult {
  const { event, repositoryName: repository, referenceType, referenceFullName: ref, commitId } = detail;
  if (!changes.has(event)) return ignored('no reference was changed');
  if (referenceType !== 'branch') return ignored('it is not a branch that was changed');
  if (typeof repository !== 'string' || !/^[A-Za-z0-9._-]{1,100}$/.test(repository)) {
    return malformed('"repositoryName" is odd');
  }
  const branch = typeof ref === 'string' && ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : '';
  if (typeof ref !== 'string' || !isBranch(branch)) return malformed('"referenceFullName" is not a branch');
  const after = event === 'referenceDeleted' ? '0'.repeat(40) : commitId;
  if (typeof after !== 'string' || !isCommitId(after)) return malformed('"commitId" is not a commit id');
  return { kind: 'push', ...where, repository, ref, branch, after };
}

/** Whether the hint is of this branch of this repository. Which account a URL is of, it does not say: the filter does. */
export function isOfRepository(hint: CodeCommitHint, repository: HostedRepository, branch: string): boolean {
  if (repository.kind !== 'codecommit' || hint.branch !== branch) return false;
  return hint.repository === repository.name && hint.region === repository.region;
}
