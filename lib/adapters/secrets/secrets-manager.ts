// Secrets from AWS Secrets Manager, kept in the memory of the process for a while.
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { HoldfastError } from '../../core/errors.ts';
import type { Secrets } from '../../core/secrets-port.ts';
import { type Fault, faultOf } from '../aws/service-faults.ts';

export interface SecretsManagerOptions {
  readonly client: SecretsManagerClient;
  /** Milliseconds; only differences count. */
  readonly now: () => number;
  /** How long a value is used before it is asked for again, milliseconds; 5 minutes when absent. A rotation takes so long to be noticed. */
  readonly keepMs?: number;
}

interface Kept {
  readonly at: number;
  readonly value: Promise<string>;
}

/** The current version of each secret. Callers of one moment share one request. */
export function secretsManager({ client, now, keepMs = 300_000 }: SecretsManagerOptions): Secrets {
  const kept = new Map<string, Kept>();
  const ask = (id: string): Promise<string> => {
    const asked: Kept = { at: now(), value: read(client, id) };
    kept.set(id, asked);
    // A failure is not kept; who asked hears of it.
    asked.value.catch(() => {
      if (kept.get(id) === asked) kept.delete(id);
    });
    return asked.value;
  };
  return {
    get: async (id, { fresh = false } = {}) => {
      const found = kept.get(id);
      const age = found === undefined ? 0 : now() - found.at;
      if (found === undefined || fresh || age < 0 || age >= keepMs) return await ask(id);
      return await found.value;
    },
  };
}

async function read(client: SecretsManagerClient, id: string): Promise<string> {
  let text: string | undefined;
  try {
    ({ SecretString: text } = await client.send(new GetSecretValueCommand({ SecretId: id })));
  } catch (error) {
    throw secretError(error, faultOf(error, 'secretsmanager:GetSecretValue'), secretName(id));
  }
  if (text !== undefined) return text;
  throw new HoldfastError({
    code: 'SecretNotText',
    source: 'user',
    message: `The secret ${secretName(id)} holds bytes, and text is wanted`,
    object: secretName(id),
    next: `aws secretsmanager put-secret-value --secret-id ${secretName(id)} --secret-string file://FILE`,
  });
}

/** The name that a person knows: an ARN ends with it, a dash and six characters more. */
function secretName(id: string): string {
  return id.startsWith('arn:') ? (id.split(':secret:')[1] ?? id).replace(/-[A-Za-z0-9]{6}$/, '') : id;
}

function secretError(cause: unknown, { kind, name, reason }: Fault, secret: string): HoldfastError {
  const base = { object: secret, reason, cause };
  // A deleted one is answered so until it is gone for good.
  if (kind === 'missing' || (name === 'InvalidRequestException' && /delet/i.test(reason)))
    return new HoldfastError({
      ...base,
      code: 'SecretMissing',
      source: 'user',
      message: `There is no secret ${secret}`,
      next: `aws secretsmanager describe-secret --secret-id ${secret}`,
    });
  if (kind === 'unavailable' || name === 'InternalServiceError')
    return new HoldfastError({
      ...base,
      code: 'SecretsUnavailable',
      source: 'remote',
      message: `Secrets Manager does not answer for ${secret}`,
      retryable: true,
    });
  return new HoldfastError({
    ...base,
    code: 'SecretForbidden',
    source: 'user',
    message: `The secret ${secret} may not be read`,
    next: `Allow secretsmanager:GetSecretValue on ${secret}, and kms:Decrypt when it has a key of its own`,
  });
}
