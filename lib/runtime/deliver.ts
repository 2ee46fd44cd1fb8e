// The built-in Git host delivers the same signed webhook to the same endpoint as any other host would.
import type { PushedRef } from '../adapters/githost/builtin.ts';
import { signBody } from '../adapters/webhook/verify.ts';
import { githubPushPayload } from '../core/trigger/github.ts';
import type { RunnerEvent } from './home.ts';
import { rootAlias } from './rows.ts';

export interface Delivery {
  /** Base URL of webhooks. */
  readonly webhook: string;
  readonly rootUrl: string;
  readonly secret: string;
  readonly newId: () => string;
  readonly emit: (event: RunnerEvent) => void;
  readonly push: PushedRef;
}

/** Posts the webhook of a push, when the pushed repository is the root. A lost delivery is found by the poll. */
export function deliverPush(delivery: Delivery): void {
  const { push, webhook, rootUrl } = delivery;
  if (new URL(rootUrl, webhook).pathname !== `/${push.repository}.git`) return;
  const body = JSON.stringify(githubPushPayload({ ...push, url: rootUrl }));
  const signature = signBody(new TextEncoder().encode(body), delivery.secret);
  fetch(`${webhook}/${rootAlias}`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'push',
      'x-github-delivery': delivery.newId(),
      'x-hub-signature-256': signature,
    },
  }).then(
    (response) => {
      if (!response.ok)
        delivery.emit({
          event: 'webhook-failed',
          at: Date.now(),
          message: `The webhook of ${push.repository}.git was answered with ${response.status}`,
        });
    },
    (error: unknown) =>
      delivery.emit({
        event: 'webhook-failed',
        at: Date.now(),
        message: error instanceof Error ? error.message : String(error),
      }),
  );
}
