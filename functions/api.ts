// Function URL with IAM authentication: what the command line asks.
import { chain } from '../lib/runtime/lambda/chain.ts';
import { openApi } from '../lib/runtime/lambda/api.ts';
import { readUrlEvent } from '../lib/runtime/lambda/url-event.ts';

export const handler = chain({ name: 'api', read: readUrlEvent }, openApi);
