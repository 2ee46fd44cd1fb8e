// A stand-in for the one call of GitHub's API that changes an App's signed statement for a token of an installation.
import type { KeyObject } from 'node:crypto';
import { createVerify } from 'node:crypto';
import { createServer } from 'node:http';
import { onTestFinished } from 'vitest';
import { close, listen } from './git.ts';

export interface FakeGithubApi {
  readonly url: string;
  /** Tokens that were given out, oldest first. */
  readonly tokens: readonly string[];
  /** Answers this status from now on instead; undefined for none. */
  refuse(status: number | undefined): void;
}

export interface FakeGithubApiOptions {
  readonly publicKey: KeyObject;
  readonly appId: string;
  readonly installationId: string;
  /** Milliseconds since the epoch: GitHub's clock. */
  readonly now: () => number;
}

/** Checks statements as GitHub does: RS256 by the App's key, not from the future, at most ten minutes long. */
export async function startFakeGithubApi(options: FakeGithubApiOptions): Promise<FakeGithubApi> {
  const tokens: string[] = [];
  let status: number | undefined;
  const server = createServer((req, res) => {
    const answer = (code: number, body: object): void => {
      res.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (status !== undefined) return answer(status, { message: 'refused' });
    if (!statementHolds(req.headers.authorization ?? '', options)) return answer(401, { message: 'Bad credentials' });
    const expected = `/app/installations/${options.installationId}/access_tokens`;
    if (req.method !== 'POST' || req.url !== expected) return answer(404, { message: 'Not Found' });
    const token = `ghs_${String(tokens.length).padStart(516, 'x')}`;
    tokens.push(token);
    answer(201, { token, expires_at: new Date(options.now() + 3_600_000).toISOString().replace('.000', '') });
  });
  const port = await listen(server);
  onTestFinished(async () => await close(server));
  return { url: `http://127.0.0.1:${port}`, tokens, refuse: (code) => (status = code) };
}

function statementHolds(authorization: string, options: FakeGithubApiOptions): boolean {
  const [, head = '', body = '', signature = ''] = /^Bearer ([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(authorization) ?? [];
  const read = (part: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(part, 'base64url').toString() || '{}') as Record<string, unknown>;
  const verified = createVerify('sha256')
    .update(`${head}.${body}`)
    .verify(options.publicKey, Buffer.from(signature, 'base64url'));
  const { iat, exp, iss } = read(body);
  const now = options.now() / 1000;
  if (!verified || read(head)['alg'] !== 'RS256' || iss !== options.appId) return false;
  return typeof iat === 'number' && typeof exp === 'number' && iat <= now && exp > now && exp <= now + 600;
}
