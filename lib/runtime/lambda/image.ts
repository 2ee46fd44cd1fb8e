// The image function: an event of ECR becomes a hint to every repository that follows the image.
import { readImageEvent } from '../../core/trigger/ecr.ts';
import { asJson } from '../rows.ts';
import { hintFollowers } from '../image-hints.ts';
import { sha256 } from '../tools.ts';
import type { Bench } from './chain.ts';
import { eventAccounts, readEnvironment } from './env.ts';
import { malformed } from './records.ts';
import { openQueue, openState } from './state.ts';

/** Opens the function. */
export function openImage({
  logger,
}: Bench): (event: unknown) => Promise<{ readonly repositories: readonly string[] }> {
  const env = readEnvironment(['installation', 'table', 'bucket', 'sourceQueue']);
  const { store } = openState(env);
  const queue = openQueue({ ...env, reconcileQueue: '' });
  const accounts = eventAccounts();
  return async (event) => {
    const found = readImageEvent(event, accounts === undefined ? {} : { accounts });
    if (found.kind === 'malformed') throw malformed(found.reason);
    if (found.kind === 'ignored') {
      logger.info(`Ignored: ${found.reason}`);
      return { repositories: [] };
    }
    const digest = sha256(JSON.stringify(asJson(event as object)));
    const repositories = await hintFollowers({ store, queue, now: Date.now }, found, digest);
    logger.info(`${found.image}:${found.tag} is followed by ${repositories.length} repositories`, { repositories });
    return { repositories };
  };
}
