// Credentials inside a function: they stand in its environment, and nothing else is looked for. The bundles of the functions
// have this in the place of the SDK's whole chain (profiles, SSO, containers, instances), whose clients are 100 kB of each.
import { HoldfastError } from '../../core/errors.ts';
import type { AwsCredentials } from './credentials.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Takes the place of the function of the same name in the SDK. The provider throws `AwsCredentials`. */
export function defaultProvider(_options?: unknown, env: Environment = process.env): () => Promise<AwsCredentials> {
  return async () => {
    const accessKeyId = env['AWS_ACCESS_KEY_ID'] ?? '';
    const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'] ?? '';
    const sessionToken = env['AWS_SESSION_TOKEN'] ?? '';
    if (accessKeyId === '' || secretAccessKey === '') throw none();
    return { accessKeyId, secretAccessKey, ...(sessionToken === '' ? {} : { sessionToken }) };
  };
}

function none(): HoldfastError {
  return new HoldfastError({
    code: 'AwsCredentials',
    source: 'system',
    message: 'The environment of the function holds no credentials of its role',
    next: 'aws lambda get-function-configuration --function-name NAME --query Role',
  });
}
