// Signature Version 4. The signing library is loaded with the first signature: most commands never need one.
import type { SignatureV4 } from '@smithy/signature-v4';
import type { AwsCredentials } from './credentials.ts';

export interface SigningScope {
  readonly region: string;
  /** Name of the service as signatures have it, e.g. `sts`. */
  readonly service: string;
  readonly credentials: AwsCredentials;
  readonly now: Date;
}

async function signer({ region, service, credentials }: SigningScope): Promise<SignatureV4> {
  const [signature, hash] = await Promise.all([import('@smithy/signature-v4'), import('@aws-crypto/sha256-js')]);
  return new signature.SignatureV4({ region, service, credentials, sha256: hash.Sha256 });
}

/** Headers of a signed POST. `host` is among them, and is left to the HTTP client that sends it. */
export async function signedPost(
  request: { readonly url: URL; readonly body: string; readonly headers: Readonly<Record<string, string>> },
  scope: SigningScope,
): Promise<Readonly<Record<string, string>>> {
  const { url, body, headers } = request;
  const signed = await (await signer(scope)).sign(
    {
      method: 'POST',
      protocol: url.protocol,
      hostname: url.hostname,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: { ...headers, host: url.host },
      body,
    },
    { signingDate: scope.now },
  );
  return signed.headers;
}

/** URL of a GET that proves who asks, good for `seconds`. Whoever uses it must send `headers` as they were signed. */
export async function presignedGet(
  request: {
    readonly host: string;
    readonly query: Readonly<Record<string, string>>;
    readonly headers: Readonly<Record<string, string>>;
    readonly seconds: number;
  },
  scope: SigningScope,
): Promise<URL> {
  const { host, query, headers, seconds } = request;
  const signed = await (await signer(scope)).presign(
    {
      method: 'GET',
      protocol: 'https:',
      hostname: host,
      path: '/',
      query: { ...query },
      headers: { ...headers, host },
    },
    { expiresIn: seconds, signingDate: scope.now },
  );
  const url = new URL(`https://${host}/`);
  for (const [name, value] of Object.entries(signed.query ?? {})) {
    for (const one of Array.isArray(value) ? value : [value ?? '']) url.searchParams.append(name, one);
  }
  return url;
}
