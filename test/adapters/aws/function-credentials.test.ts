// Credentials of a function: what the environment says, each time anew, and a clear error when it says nothing.
import { describe, expect, it } from 'vitest';
import { defaultProvider } from '../../../lib/adapters/aws/function-credentials.ts';

describe('credentials of a function', () => {
  it('are those of its environment', async () => {
    const env = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'key', AWS_SESSION_TOKEN: 'token' };
    const found = { accessKeyId: 'id', secretAccessKey: 'key' };
    expect(await defaultProvider({}, env)()).toEqual({ ...found, sessionToken: 'token' });
    expect(await defaultProvider({}, { ...env, AWS_SESSION_TOKEN: '' })()).toEqual(found);
  });

  it.each([{}, { AWS_ACCESS_KEY_ID: 'id' }, { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: 'key' }])(
    'are missed by name: %j',
    async (env) => {
      await expect(defaultProvider({}, env)()).rejects.toMatchObject({ code: 'AwsCredentials', source: 'system' });
    },
  );
});
