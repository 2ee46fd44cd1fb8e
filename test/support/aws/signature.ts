// Signature Version 4 checked with nothing but node:crypto, so that tests do not believe the library that signed.
import { createHash, createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface SignedRequest {
  readonly method: string;
  readonly path: string;
  /** Without the `?`, as it came. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders | Readonly<Record<string, string>>;
  readonly body: string;
}

interface Claim {
  readonly credential: string;
  readonly names: readonly string[];
  readonly signature: string;
  readonly time: string;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const mac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** RFC 3986, as signatures want it. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function expected(request: SignedRequest, secret: string, claim: Claim, payloadHash: string): string {
  const pairs = [...new URLSearchParams(request.query)].filter(([name]) => name !== 'X-Amz-Signature');
  const query = pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).sort();
  const lines = claim.names.map((name) => `${name}:${String(request.headers[name] ?? '').trim()}\n`);
  const canonical = [request.method, request.path, query.join('&'), lines.join(''), claim.names.join(';'), payloadHash];
  const [date = '', region = '', service = '', end = ''] = claim.credential.split('/').slice(1);
  const scope = [date, region, service, end].join('/');
  const toSign = ['AWS4-HMAC-SHA256', claim.time, scope, sha256(canonical.join('\n'))].join('\n');
  const key = [date, region, service, end].reduce<string | Buffer>(mac, `AWS4${secret}`);
  return mac(key, toSign).toString('hex');
}

/** Whether the `Authorization` header is right for the request and the secret. */
export function headerSignatureHolds(request: SignedRequest, secret: string): boolean {
  const header = request.headers['authorization'] ?? '';
  const part = (name: string): string => new RegExp(`${name}=([^,\\s]+)`).exec(header)?.[1] ?? '';
  const claim = {
    credential: part('Credential'),
    names: part('SignedHeaders').split(';'),
    signature: part('Signature'),
    time: String(request.headers['x-amz-date'] ?? ''),
  };
  return claim.signature === expected(request, secret, claim, sha256(request.body));
}

/** Whether the signature in the query of a presigned URL is right, given the headers that are sent with it. */
export function querySignatureHolds(url: URL, headers: Readonly<Record<string, string>>, secret: string): boolean {
  const { searchParams } = url;
  const claim = {
    credential: searchParams.get('X-Amz-Credential') ?? '',
    names: (searchParams.get('X-Amz-SignedHeaders') ?? '').split(';'),
    signature: searchParams.get('X-Amz-Signature') ?? '',
    time: searchParams.get('X-Amz-Date') ?? '',
  };
  const request = { method: 'GET', path: url.pathname, query: url.search.slice(1), body: '', headers };
  return claim.signature === expected(request, secret, claim, sha256(''));
}
