// The client of the event bus.
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { clientSettings } from './settings.ts';

/** The client of the event bus. One per process: connections are kept. */
export function eventbridgeClient(): EventBridgeClient {
  return new EventBridgeClient(clientSettings());
}
