import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { codecommitCredentials } from '../../../lib/adapters/githost/codecommit-signature.ts';

const identity = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const at = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const url = 'https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/shop';

// Digest of "GIT\n/v1/repos/shop\n\nhost:git-codecommit.eu-west-1.amazonaws.com\n\nhost\n", by sha256sum.
const requestDigest = 'b583939fe3b0b2b0ee8cf89c73a4812cd28e04eaace46e6f7a6987ad923fffac';

function worked(): string {
  const sign = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
  const day = sign(`AWS4${identity.secretAccessKey}`, '20260102');
  const key = sign(sign(sign(day, 'eu-west-1'), 'codecommit'), 'aws4_request');
  const text = `AWS4-HMAC-SHA256\n20260102T030405\n20260102/eu-west-1/codecommit/aws4_request\n${requestDigest}`;
  return sign(key, text).toString('hex');
}

test('the password is the time and the signature of the repository', () => {
  const { username, password } = codecommitCredentials({ url, region: 'eu-west-1', identity, at });
  expect(username).toBe('AKIDEXAMPLE');
  expect(password).toBe(`20260102T030405Z${worked()}`);
  // What the AWS CLI's credential helper gives at this time.
  expect(password).toBe('20260102T030405Z83726e880beb4e63a7b2ff4208e579fbbd92a7f04aa42b5b0b739ee837a05c72');
});

test('a session token goes into the user name, a port into nothing', () => {
  const session = { ...identity, sessionToken: 'a/b+c=%d' };
  const given = codecommitCredentials({ url, region: 'eu-west-1', identity: session, at });
  expect(given.username).toBe('AKIDEXAMPLE%a/b+c=%d');
  const ported = codecommitCredentials({ url: url.replace('.com', '.com:8443'), region: 'eu-west-1', identity, at });
  expect(ported.password).toBe(given.password);
});
