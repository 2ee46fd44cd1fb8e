// Function URL without authentication: receives signed webhooks.
import { chain } from '../lib/runtime/lambda/chain.ts';
import { readUrlEvent } from '../lib/runtime/lambda/url-event.ts';
import { openWebhook } from '../lib/runtime/lambda/webhook.ts';

export const handler = chain({ name: 'webhook', read: readUrlEvent }, openWebhook);
