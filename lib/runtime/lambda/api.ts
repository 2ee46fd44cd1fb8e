// The api function: the same routes as on one machine, behind IAM. It writes down what people want, and carries out nothing.
import { handle } from 'hono/aws-lambda';
import { sqsClient } from '../../adapters/aws/clients/sqs.ts';
import { sqsQueue } from '../../adapters/queue/sqs.ts';
import { type FailedEvents, sqsFailedEvents } from '../../adapters/queue/sqs-events.ts';
import { createApi } from '../../web/web.ts';
import type { Feed } from '../feed.ts';
import type { Blobs, Queue, Store } from '../../core/reconcile/store.ts';
import { fixedRoot, type RootSettings, rootSettings, storeRoot } from '../root-settings.ts';
import { rootAlias } from '../rows.ts';
import { lastTick } from '../tick.ts';
import { sha256 } from '../tools.ts';
import { createViews } from '../views.ts';
import { type Bench, logFailure } from './chain.ts';
import { accountsOf, readEnvironment } from './env.ts';
import { eventAgain } from './event-again.ts';
import { openState } from './state.ts';
import type { UrlAnswer, UrlEvent } from './url-event.ts';

/** A function does not stay to tell what happens next: `status` says what did. */
const noFeed: Feed = {
  publish: () => undefined,
  follow: async function* () {
    // Ends at once.
  },
};

export interface ApiParts {
  readonly store: Store;
  readonly blobs: Blobs;
  readonly queue: Queue;
  /** The repository that the stack was deployed for. */
  readonly fixed: RootSettings | undefined;
  readonly failedEvents: FailedEvents;
  /** Whose events are believed. */
  readonly accounts: readonly string[];
  readonly now: () => number;
}

function partsOf(): ApiParts {
  const env = readEnvironment([
    'installation',
    'table',
    'bucket',
    'sourceQueue',
    'reconcileQueue',
    'sourceDlq',
    'reconcileDlq',
    'eventsDlq',
    'eventAccounts',
  ]);
  const client = sqsClient();
  const queue = sqsQueue({
    client,
    urls: { source: env.sourceQueue, reconcile: env.reconcileQueue },
    deadLetterUrls: { source: env.sourceDlq, reconcile: env.reconcileDlq },
  });
  return {
    ...openState(env),
    queue,
    fixed: fixedRoot(process.env['HOLDFAST_ROOT']),
    failedEvents: sqsFailedEvents({ client, url: env.eventsDlq }),
    accounts: accountsOf(env),
    now: Date.now,
  };
}

/** Opens the function. */
export function openApi(
  bench: Pick<Bench, 'logger' | 'scrubber'>,
  { store, blobs, queue, fixed, failedEvents, accounts, now }: ApiParts = partsOf(),
): (event: UrlEvent) => Promise<UrlAnswer> {
  const root = async () => await rootSettings(store, fixed);
  const web = createApi({
    store,
    queue,
    views: createViews({
      store,
      blobs,
      alias: rootAlias,
      feed: noFeed,
      connected: async () => (await root()) !== undefined,
      lastTick: async () => await lastTick(store),
    }),
    hash: sha256,
    now,
    failedEvents: {
      list: async (limit) => await failedEvents.list(limit),
      redrive: async (letter) =>
        await failedEvents.redrive(
          letter,
          async (event) => await eventAgain(bench, { store, queue, fixed, accounts, now }, event),
        ),
    },
    repositories: { fixed: fixed !== undefined, get: root, set: async (settings) => await storeRoot(store, settings) },
    onError: (error, route) => logFailure(bench, error, { route }),
  });
  const answer = handle(web) as unknown as (event: UrlEvent) => Promise<UrlAnswer>;
  return async (event) => await answer(event);
}
