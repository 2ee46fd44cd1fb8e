// The receiver: checks the signature, reduces the delivery, and puts it into the source queue. It may do nothing else.
import type { Context } from 'hono';
import { handle } from 'hono/aws-lambda';
import { secretsClient } from '../../adapters/aws/clients/secrets.ts';
import { sqsClient } from '../../adapters/aws/clients/sqs.ts';
import { sqsQueue } from '../../adapters/queue/sqs.ts';
import { secretsManager } from '../../adapters/secrets/secrets-manager.ts';
import { githubWebhooks } from '../../adapters/webhook/github.ts';
import type { Queue } from '../../core/reconcile/store.ts';
import type { Secrets } from '../../core/secrets-port.ts';
import { createReceiver } from '../../web/receiver.ts';
import { sha256 } from '../tools.ts';
import { type Bench, logFailure } from './chain.ts';
import { readEnvironment } from './env.ts';
import type { UrlAnswer, UrlEvent } from './url-event.ts';
import { webhookSecrets } from './webhook-secrets.ts';

/** Where the sender's address stands in a Function URL's event. */
interface Bindings {
  readonly event?: { readonly requestContext?: { readonly http?: { readonly sourceIp?: string } } };
}

export interface WebhookParts {
  readonly queue: Pick<Queue, 'send'>;
  readonly secrets: Secrets;
  /** ARN of the secret with those of all webhooks. */
  readonly secretId: string;
  readonly now: () => number;
}

function partsOf(): WebhookParts {
  const env = readEnvironment(['sourceQueue', 'webhookSecret']);
  return {
    queue: sqsQueue({ client: sqsClient(), urls: { source: env.sourceQueue, reconcile: '' } }),
    secrets: secretsManager({ client: secretsClient(), now: Date.now }),
    secretId: env.webhookSecret,
    now: Date.now,
  };
}

/** Opens the receiver. */
export function openWebhook(
  bench: Pick<Bench, 'logger' | 'scrubber'>,
  { queue, secrets, secretId, now }: WebhookParts = partsOf(),
): (event: UrlEvent) => Promise<UrlAnswer> {
  const web = createReceiver({
    scheme: githubWebhooks,
    webhookSecrets: webhookSecrets({ secrets, id: secretId, scrubber: bench.scrubber, now }),
    hash: sha256,
    now,
    sender: (c: Context) => (c.env as Bindings).event?.requestContext?.http?.sourceIp ?? '',
    receive: async (delivery) => {
      await queue.send('source', JSON.stringify(delivery));
      return 'queued';
    },
    onError: (error, route) => logFailure(bench, error, { route }),
  });
  const answer = handle(web) as unknown as (event: UrlEvent) => Promise<UrlAnswer>;
  return async (event) => await answer(event);
}
