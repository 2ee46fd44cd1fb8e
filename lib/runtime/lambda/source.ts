// The source function: a doorbell of a repository becomes one look at Git, a catalogue, and rows of the applications it touches.
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { secretsClient } from '../../adapters/aws/clients/secrets.ts';
import { defaultCredentials } from '../../adapters/aws/credentials.ts';
import { systemClock } from '../../adapters/clock.ts';
import { ecrRegistry } from '../../adapters/registry/ecr.ts';
import { describedRenderers } from '../../adapters/render/described.ts';
import { secretsManager } from '../../adapters/secrets/secrets-manager.ts';
import { HoldfastError } from '../../core/errors.ts';
import type { RowKey, Store } from '../../core/reconcile/store.ts';
import { defaultGitLimits } from '../../core/source/git.ts';
import { readDelivery } from '../../core/trigger/delivery.ts';
import { recordDelivery } from '../deliveries.ts';
import { dependentsOf } from '../dependents.ts';
import type { Home, RootRepository } from '../home.ts';
import { nobody } from '../outbox.ts';
import { openHostedRoot } from '../hosted-root.ts';
import { fixedRoot, type RootSettings, rootSettings } from '../root-settings.ts';
import { repoKey, rootAlias } from '../rows.ts';
import { sha256, timeId } from '../tools.ts';
import { workOnRepository } from '../work.ts';
import { workAndRing } from './again.ts';
import type { Bench } from './chain.ts';
import { readEnvironment } from './env.ts';
import { eachMessage, rowKey, slice } from './records.ts';
import { toolsVersion } from './render-version.ts';
import { settings } from './settings.ts';
import { newHolder, openQueue, openState } from './state.ts';

/** Opens the function. */
export function openSource(bench: Bench): (event: SQSEvent, context: Context) => Promise<SQSBatchResponse> {
  const env = readEnvironment(['installation', 'table', 'bucket', 'sourceQueue', 'reconcileQueue', 'gitSecret']);
  const state = openState(env);
  const queue = openQueue(env);
  const fixed = fixedRoot(process.env['HOLDFAST_ROOT']);
  const open = rootOpener(env.gitSecret, bench);
  const now = Date.now;
  const homeOf = (root: RootRepository, functionName: string): Home => ({
    ...withoutTargets,
    ...state,
    installation: env.installation,
    holder: newHolder(functionName),
    queue,
    hash: sha256,
    root,
    gitLimits: defaultGitLimits,
    renderers: describedRenderers(toolsVersion),
    registry: ecrRegistry({}),
    emit: bench.emit,
    notifier: nobody,
    dependents: dependentsOf(state),
    now,
    monotonic: systemClock.monotonic,
    random: Math.random,
    newId: () => timeId(now()),
    settings,
  });
  return async (event, context) =>
    await eachMessage(event, bench, async (body) => {
      const work = await workOf(body, { store: state.store, fixed, now, logger: bench.logger });
      if (work === undefined) return;
      const root = await open(work.root).catch((error: unknown) => unusableRoot(work.root, error));
      const home = homeOf(root, context.functionName);
      await workAndRing({ queue, now }, work.key, () => workOnRepository(home, work.key, slice(context)));
    });
}

interface Asked {
  readonly store: Store;
  readonly fixed: RootSettings | undefined;
  readonly now: () => number;
  readonly logger: Pick<Bench['logger'], 'info' | 'warn'>;
}

/** The row that a message asks to look at, and its repository; undefined when there is nothing to do. Throws `EventMalformed`. */
export async function workOf(
  body: string,
  { store, fixed, now, logger }: Asked,
): Promise<{ readonly key: RowKey; readonly root: RootSettings } | undefined> {
  const delivery = readDelivery(body);
  const key = delivery === undefined ? rowKey(body, ['repo']) : repoKey(delivery.alias);
  const root = await rootSettings(store, fixed);
  // Nothing is kept of it: a row that nobody works on would be rung for every minute, for ever.
  if (root === undefined || key !== repoKey(rootAlias)) {
    logger.warn('No repository is connected under this name: holdfast connect URL', { key });
    return undefined;
  }
  if (delivery !== undefined && (await recordDelivery({ store, now }, delivery)) !== 'new') {
    logger.info('The delivery was seen before', { delivery: delivery.delivery });
    return undefined;
  }
  return { key, root };
}

/**
 * Longest exchange with a Git host, milliseconds. Less than the function may run, with time left to write down that it took too
 * long: a function that is killed in the middle says nothing, and begins again each minute.
 */
const exchangeMs = 75_000;

/** Opens a repository once per process, and again when another one is connected. */
function rootOpener(gitSecret: string, bench: Bench): (found: RootSettings) => Promise<RootRepository> {
  const secrets = secretsManager({ client: secretsClient(), now: Date.now });
  const aws = defaultCredentials(process.env['AWS_REGION'] ?? 'us-east-1');
  let opened: { readonly text: string; readonly root: Promise<RootRepository> } | undefined;
  return async (found) => {
    const text = JSON.stringify(found);
    if (opened?.text === text) return await opened.root;
    const own = found.secretArn;
    const root = openHostedRoot({
      settings: found,
      alias: rootAlias,
      secret: async (fresh) => await secrets.get(own ?? gitSecret, { fresh }),
      ...(own === undefined ? { secretAlias: rootAlias } : {}),
      aws,
      register: bench.scrubber.register,
      exchangeMs,
    });
    opened = { text, root };
    root.catch(() => (opened = undefined));
    return await root;
  };
}

/** A repository that cannot be opened, such as one with a bad URL: looking at it fails, which is state of its row like any failure. */
export function unusableRoot({ branch }: Pick<RootSettings, 'branch'>, error: unknown): RootRepository {
  const refuse = async (): Promise<never> => {
    throw error;
  };
  const source = { head: refuse, missing: refuse, open: refuse, bytesReceived: () => 0 };
  return { alias: rootAlias, url: '', branch, source };
}

function notHere(what: string): never {
  throw new HoldfastError({
    code: 'NotInThisFunction',
    source: 'system',
    message: `The source function has no ${what}`,
  });
}

/** This function never speaks to a target, and holds no key. */
const withoutTargets: Pick<Home, 'targets' | 'hmac'> = {
  targets: { get: async () => notHere('targets'), close: async () => undefined },
  hmac: () => notHere('key'),
};
