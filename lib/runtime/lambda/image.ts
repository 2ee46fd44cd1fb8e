// The image function: an event of ECR becomes a hint to every repository that follows the image.
import type { Queue, Store } from '../../core/reconcile/store.ts';
import { readImageEvent } from '../../core/trigger/ecr.ts';
import { asJson } from '../rows.ts';
import { hintFollowers } from '../image-hints.ts';
import { sha256 } from '../tools.ts';
import type { Bench } from './chain.ts';
import { accountsOf, readEnvironment } from './env.ts';
import { malformed } from './records.ts';
import { openQueue, openState } from './state.ts';

export interface ImageParts {
  readonly store: Store;
  readonly queue: Queue;
  readonly accounts: readonly string[];
  readonly now: () => number;
}

function partsOf(): ImageParts {
  const env = readEnvironment(['installation', 'table', 'bucket', 'sourceQueue', 'eventAccounts']);
  const queue = openQueue({ ...env, reconcileQueue: '' });
  return { store: openState(env).store, queue, accounts: accountsOf(env), now: Date.now };
}

/** Opens the function. */
export function openImage(
  { logger }: Pick<Bench, 'logger'>,
  { store, queue, accounts, now }: ImageParts = partsOf(),
): (event: unknown) => Promise<{ readonly repositories: readonly string[] }> {
  return async (event) => {
    const found = readImageEvent(event, { accounts });
    if (found.kind === 'malformed') throw malformed(found.reason);
    if (found.kind === 'ignored') {
      logger.info(`Ignored: ${found.reason}`);
      return { repositories: [] };
    }
    const digest = sha256(JSON.stringify(asJson(event as object)));
    const repositories = await hintFollowers({ store, queue, now }, found, digest);
    logger.info(`${found.image}:${found.tag} is followed by ${repositories.length} repositories`, { repositories });
    return { repositories };
  };
}
