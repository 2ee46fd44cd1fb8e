// The client of the render function.
import { LambdaClient } from '@aws-sdk/client-lambda';
import { clientSettings } from './settings.ts';

/** The client of the render function. One per process: connections are kept. */
export function lambdaClient(): LambdaClient {
  return new LambdaClient(clientSettings({ requestTimeout: 75_000 }));
}
