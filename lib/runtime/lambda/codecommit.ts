// The codecommit function: an event of a repository that we follow becomes a hint to look at it.
import { readRepositoryUrl } from '../../core/githost/host.ts';
import { isOfRepository, readCodeCommitEvent } from '../../core/trigger/codecommit.ts';
import { fixedRoot, rootSettings } from '../root-settings.ts';
import { repoKey, rootAlias } from '../rows.ts';
import type { Bench } from './chain.ts';
import { eventAccounts, readEnvironment } from './env.ts';
import { malformed } from './records.ts';
import { openQueue, openState } from './state.ts';

export interface CodecommitAnswer {
  readonly status: 'rung' | 'ignored';
  readonly reason?: string;
}

/** Opens the function. */
export function openCodecommit({ logger }: Bench): (event: unknown) => Promise<CodecommitAnswer> {
  const env = readEnvironment(['installation', 'table', 'bucket', 'sourceQueue']);
  const { store } = openState(env);
  const queue = openQueue({ ...env, reconcileQueue: '' });
  const fixed = fixedRoot(process.env['HOLDFAST_ROOT']);
  const accounts = eventAccounts();
  const ignored = (reason: string): CodecommitAnswer => {
    logger.info(`Ignored: ${reason}`);
    return { status: 'ignored', reason };
  };
  return async (event) => {
    const found = readCodeCommitEvent(event, accounts === undefined ? {} : { accounts });
    if (found.kind === 'malformed') throw malformed(found.reason);
    if (found.kind === 'ignored') return ignored(found.reason);
    const root = await rootSettings(store, fixed);
    if (root === undefined) return ignored('no repository is connected');
    const read = readRepositoryUrl(root.url, { host: root.host, region: found.region });
    if (read.kind !== 'repository' || !isOfRepository(found, read.repository, root.branch))
      return ignored(`${found.repository} ${found.branch} is not followed`);
    const note = `${found.ref} ${found.after.slice(0, 8)}, event ${found.id}`;
    await store.hint(repoKey(rootAlias), { kind: 'push', at: Date.now(), note });
    await queue.send('source', repoKey(rootAlias));
    return { status: 'rung' };
  };
}
