// EKS tokens: the very bytes for fixed credentials and time, and when a new one is signed.
import { createHash, createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import type { AwsCredentials } from '../../../lib/adapters/aws/credentials.ts';
import { eksCredentials, eksToken } from '../../../lib/adapters/kube/eks-token.ts';
import { querySignatureHolds } from '../../support/aws/signature.ts';

const now = new Date('2026-02-03T04:05:06.789Z');
const longTerm = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };

/** The URL in a token. */
function urlOf(token: string): URL {
  expect(token).toMatch(/^k8s-aws-v1\.[\w-]+$/);
  return new URL(Buffer.from(token.slice('k8s-aws-v1.'.length), 'base64url').toString());
}

test('the token is the presigned URL that the specification of signatures gives, byte for byte', async () => {
  const token = await eksToken({ cluster: 'prod', region: 'eu-west-1', credentials: longTerm, now });
  const query =
    'Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256' +
    '&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260203%2Feu-west-1%2Fsts%2Faws4_request' +
    '&X-Amz-Date=20260203T040506Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id';
  const hex = (text: string): string => createHash('sha256').update(text).digest('hex');
  const canonical = `GET\n/\n${query}\nhost:sts.eu-west-1.amazonaws.com\nx-k8s-aws-id:prod\n\nhost;x-k8s-aws-id\n${hex('')}`;
  const scope = '20260203/eu-west-1/sts/aws4_request';
  const toSign = `AWS4-HMAC-SHA256\n20260203T040506Z\n${scope}\n${hex(canonical)}`;
  const key = scope
    .split('/')
    .reduce<string | Buffer>(
      (mac, part) => createHmac('sha256', mac).update(part).digest(),
      `AWS4${longTerm.secretAccessKey}`,
    );
  const signature = createHmac('sha256', key).update(toSign).digest('hex');
  const { searchParams, origin, pathname } = urlOf(token);
  expect(`${origin}${pathname}`).toBe('https://sts.eu-west-1.amazonaws.com/');
  expect(Object.fromEntries(searchParams)).toEqual({
    ...Object.fromEntries(new URLSearchParams(query)),
    'X-Amz-Signature': signature,
  });
});

test.each([
  ['eu-west-1', 'sts.eu-west-1.amazonaws.com'],
  ['cn-north-1', 'sts.cn-north-1.amazonaws.com.cn'],
])('a session token is in the signature, and the host is that of %s', async (region, host) => {
  const credentials = { ...longTerm, sessionToken: 'FwoGZXIvYXdzE+/a==~x y' };
  const url = urlOf(await eksToken({ cluster: 'prod', region, credentials, now }));
  expect(url.host).toBe(host);
  expect(url.searchParams.get('X-Amz-Security-Token')).toBe(credentials.sessionToken);
  expect(querySignatureHolds(url, { host, 'x-k8s-aws-id': 'prod' }, longTerm.secretAccessKey)).toBe(true);
  // Sent for another cluster, the signature does not hold.
  expect(querySignatureHolds(url, { host, 'x-k8s-aws-id': 'test' }, longTerm.secretAccessKey)).toBe(false);
});

/** Credentials that count how often they were asked for, and how. */
function provider(expiration?: Date): {
  asked: boolean[];
  get: (how?: { forceRefresh?: boolean }) => Promise<AwsCredentials>;
} {
  const asked: boolean[] = [];
  return {
    asked,
    get: async (how) => {
      asked.push(how?.forceRefresh === true);
      return { ...longTerm, ...(expiration === undefined ? {} : { expiration }) };
    },
  };
}

test('a token is used for ten minutes and signed anew after that', async () => {
  let at = now.getTime();
  const { get, asked } = provider();
  const source = eksCredentials({ cluster: 'prod', region: 'eu-west-1', credentials: get, now: () => at });
  expect(source.current()).toBeUndefined();
  const first = await source.renew();
  expect(first.authorization).toMatch(/^Bearer k8s-aws-v1\./);
  at += 10 * 60_000 - 1;
  expect(source.current()).toBe(first);
  at += 1;
  expect(source.current()).toBeUndefined();
  expect((await source.renew()).authorization).not.toBe(first.authorization);
  expect(asked).toEqual([false, false]);
});

test('after a refusal the credentials are fetched anew', async () => {
  const { get, asked } = provider();
  const source = eksCredentials({ cluster: 'prod', region: 'eu-west-1', credentials: get, now: () => now.getTime() });
  await source.renew(await source.renew());
  expect(source.renewable).toBe(true);
  expect(asked).toEqual([false, true]);
});

test('a token does not outlive the credentials that signed it', async () => {
  let at = now.getTime();
  const { get } = provider(new Date(at + 5 * 60_000));
  const source = eksCredentials({ cluster: 'prod', region: 'eu-west-1', credentials: get, now: () => at });
  const token = await source.renew();
  at += 4 * 60_000 - 1;
  expect(source.current()).toBe(token);
  at += 1;
  expect(source.current()).toBeUndefined();
});
