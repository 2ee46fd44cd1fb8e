// The client of the secrets.
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { clientSettings } from './settings.ts';

/** The client of the secrets. One per process: connections are kept. */
export function secretsClient(): SecretsManagerClient {
  return new SecretsManagerClient(clientSettings());
}
