// Secrets that a person's command reads and adds to: maps from alias to what belongs to it.
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { HoldfastError } from '../../core/errors.ts';
import { isObject, type Json, type JsonObject } from '../../core/json.ts';
import { callerError } from './caller-errors.ts';
import type { AwsSession } from './stack-api.ts';

/** Reads a secret that is a map. Throws `AwsForbidden`, `SecretNotMap`. */
export async function readSecretMap(session: AwsSession, arn: string): Promise<JsonObject> {
  const client = new SecretsManagerClient({ region: session.region, credentials: session.credentials, maxAttempts: 3 });
  try {
    const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId: arn }));
    return mapOf(SecretString, arn);
  } catch (error) {
    throw callerError(error, 'secretsmanager:GetSecretValue');
  } finally {
    client.destroy();
  }
}

/** Sets one member and leaves the others as they are; writes nothing when it is as wanted already. */
export async function setSecretMember(
  session: AwsSession,
  arn: string,
  alias: string,
  value: Json,
): Promise<'stored' | 'unchanged'> {
  const before = await readSecretMap(session, arn);
  if (JSON.stringify(before[alias]) === JSON.stringify(value)) return 'unchanged';
  const client = new SecretsManagerClient({ region: session.region, credentials: session.credentials, maxAttempts: 3 });
  try {
    const SecretString = JSON.stringify({ ...before, [alias]: value });
    await client.send(new PutSecretValueCommand({ SecretId: arn, SecretString }));
    return 'stored';
  } catch (error) {
    throw callerError(error, 'secretsmanager:PutSecretValue');
  } finally {
    client.destroy();
  }
}

function mapOf(text: string, arn: string): JsonObject {
  const value = parsed(text);
  if (isObject(value)) return value;
  throw new HoldfastError({
    code: 'SecretNotMap',
    source: 'user',
    message: 'The secret holds something else than a JSON object by alias, and is not overwritten',
    object: arn,
    next: 'Make it {"root": {"token": "…"}} by hand, or empty it to {}',
  });
}

function parsed(text: string): Json | undefined {
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
