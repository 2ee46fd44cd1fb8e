// The client of the queues.
import { SQSClient } from '@aws-sdk/client-sqs';
import { clientSettings } from './settings.ts';

/** The client of the queues. One per process: connections are kept. */
export function sqsClient(): SQSClient {
  return new SQSClient(clientSettings());
}
