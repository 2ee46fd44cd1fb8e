// The codecommit function: an event of a repository that we follow becomes a hint to look at it.
import { readRepositoryUrl } from '../../core/githost/host.ts';
import { isOfRepository, readCodeCommitEvent } from '../../core/trigger/codecommit.ts';
import type { Queue, Store } from '../../core/reconcile/store.ts';
import { fixedRoot, type RootSettings, rootSettings } from '../root-settings.ts';
import { repoKey, rootAlias } from '../rows.ts';
import type { Bench } from './chain.ts';
import { accountsOf, readEnvironment } from './env.ts';
import { malformed } from './records.ts';
import { openQueue, openState } from './state.ts';

export interface CodecommitAnswer {
  readonly status: 'rung' | 'ignored';
  readonly reason?: string;
}

export interface CodecommitParts {
  readonly store: Store;
  readonly queue: Queue;
  /** The repository that the stack was deployed for. */
  readonly fixed: RootSettings | undefined;
  readonly accounts: readonly string[];
  readonly now: () => number;
}

function partsOf(): CodecommitParts {
  const env = readEnvironment(['installation', 'table', 'bucket', 'sourceQueue', 'eventAccounts']);
  return {
    store: openState(env).store,
    queue: openQueue({ ...env, reconcileQueue: '' }),
    fixed: fixedRoot(process.env['HOLDFAST_ROOT']),
    accounts: accountsOf(env),
    now: Date.now,
  };
}

/** Opens the function. */
export function openCodecommit(
  { logger }: Pick<Bench, 'logger'>,
  { store, queue, fixed, accounts, now }: CodecommitParts = partsOf(),
): (event: unknown) => Promise<CodecommitAnswer> {
  const ignored = (reason: string): CodecommitAnswer => {
    logger.info(`Ignored: ${reason}`);
    return { status: 'ignored', reason };
  };
  return async (event) => {
    const found = readCodeCommitEvent(event, { accounts });
    if (found.kind === 'malformed') throw malformed(found.reason);
    if (found.kind === 'ignored') return ignored(found.reason);
    const root = await rootSettings(store, fixed);
    if (root === undefined) return ignored('no repository is connected');
    const read = readRepositoryUrl(root.url, { host: root.host, region: found.region });
    if (read.kind !== 'repository' || !isOfRepository(found, read.repository, root.branch))
      return ignored(`${found.repository} ${found.branch} is not followed`);
    const note = `${found.ref} ${found.after.slice(0, 8)}, event ${found.id}`;
    await store.hint(repoKey(rootAlias), { kind: 'push', at: now(), note });
    await queue.send('source', repoKey(rootAlias));
    return { status: 'rung' };
  };
}
