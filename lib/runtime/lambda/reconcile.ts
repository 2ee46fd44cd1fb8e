// The reconcile function: a doorbell of an application or a target becomes one wake. It never opens Git.
import { createHash } from 'node:crypto';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { eventbridgeClient } from '../../adapters/aws/clients/eventbridge.ts';
import { lambdaClient } from '../../adapters/aws/clients/lambda.ts';
import { s3Client } from '../../adapters/aws/clients/s3.ts';
import { secretsClient } from '../../adapters/aws/clients/secrets.ts';
import { presignBlobs } from '../../adapters/blob/s3.ts';
import { systemClock } from '../../adapters/clock.ts';
import { eventBridgeNotifier } from '../../adapters/notify/eventbridge.ts';
import { remoteRenderers } from '../../adapters/render/remote.ts';
import { secretsManager } from '../../adapters/secrets/secrets-manager.ts';
import { HoldfastError } from '../../core/errors.ts';
import type { Hmac } from '../../core/json.ts';
import { defaultGitLimits } from '../../core/source/git.ts';
import { dependentsOf } from '../dependents.ts';
import type { Home } from '../home.ts';
import { rootAlias } from '../rows.ts';
import { openAwsTargets } from '../targets-aws.ts';
import { hmacWith, sha256, timeId } from '../tools.ts';
import { workOnTargets } from '../work.ts';
import { workAndRing } from './again.ts';
import type { Bench } from './chain.ts';
import { readEnvironment } from './env.ts';
import { eachMessage, rowKey, slice } from './records.ts';
import { toolsVersion } from './render-version.ts';
import { settings } from './settings.ts';
import { newHolder, openQueue, openState, type State } from './state.ts';

/** Opens the function. */
export function openReconcile(bench: Bench): (event: SQSEvent, context: Context) => Promise<SQSBatchResponse> {
  const env = readEnvironment([
    'installation',
    'table',
    'bucket',
    'sourceQueue',
    'reconcileQueue',
    'keySecret',
    'bus',
    'renderFunction',
  ]);
  const state = openState(env);
  const queue = openQueue(env);
  const now = Date.now;
  const key = installationKey(env.keySecret, bench);
  const parts = {
    ...withoutGit,
    ...state,
    installation: env.installation,
    queue,
    hash: sha256,
    renderers: renderers(env, state),
    targets: openAwsTargets({ installation: env.installation }),
    notifier: eventBridgeNotifier({ client: eventbridgeClient(), bus: env.bus }),
    emit: bench.emit,
    dependents: dependentsOf(state),
    now,
    monotonic: systemClock.monotonic,
    random: Math.random,
    newId: () => timeId(now()),
    settings,
  };
  return async (event, context) =>
    await eachMessage(event, bench, async (body) => {
      const row = rowKey(body, ['app', 'target']);
      const home: Home = { ...parts, holder: newHolder(context.functionName), hmac: await key() };
      await workAndRing({ queue, now }, row, () => workOnTargets(home, row, slice(context)));
    });
}

/** The HMAC of the installation; its key is read once per process. */
function installationKey(secret: string, { scrubber }: Bench): () => Promise<Hmac> {
  const secrets = secretsManager({ client: secretsClient(), now: Date.now });
  const read = async (): Promise<Hmac> => {
    const text = await secrets.get(secret);
    scrubber.register(text);
    return hmacWith(createHash('sha256').update(text).digest('hex'));
  };
  let made: Promise<Hmac> | undefined;
  return async () => {
    const reading = (made ??= read());
    // A secret that could not be read is read again next time.
    reading.catch(() => (made = undefined));
    return await reading;
  };
}

function renderers(
  env: { readonly bucket: string; readonly renderFunction: string },
  { blobs }: State,
): Home['renderers'] {
  return remoteRenderers({
    client: lambdaClient(),
    functionName: env.renderFunction,
    presign: presignBlobs({ client: s3Client(), bucket: env.bucket }),
    blobs,
    tools: toolsVersion,
    newId: () => timeId(Date.now()),
  });
}

function notHere(): never {
  throw new HoldfastError({
    code: 'NotInThisFunction',
    source: 'system',
    message: 'The reconcile function never opens Git or a registry',
  });
}

const withoutGit: Pick<Home, 'root' | 'gitLimits' | 'registry'> = {
  root: {
    alias: rootAlias,
    url: '',
    branch: '',
    source: {
      head: async () => notHere(),
      missing: async () => notHere(),
      open: async () => notHere(),
      bytesReceived: () => 0,
    },
  },
  gitLimits: defaultGitLimits,
  registry: { tags: async () => notHere() },
};
