// GitHub Apps: a signed statement of who we are is changed for a token of the installation, which lives for an hour.
import { createPrivateKey, createSign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { HoldfastError } from '../../core/errors.ts';
import type { GitSecret } from '../../core/githost/secret.ts';
import { isObject } from '../../core/json.ts';
import { postEmpty } from './post.ts';
import { secretInvalid } from './sign-in.ts';

export type GithubApp = Extract<GitSecret, { kind: 'githubApp' }>;

export interface GithubAppOptions {
  readonly repositoryUrl: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

interface Kept {
  readonly app: GithubApp;
  readonly token: Promise<{ readonly text: string; readonly expires: number }>;
}

/** A token with less time left than this is not used any more: a fetch may take a while. */
const renewBeforeMs = 5 * 60_000;
/** GitHub refuses a statement from the future, and clocks differ. */
const skewSeconds = 60;
/** With the skew, under the ten minutes that GitHub allows. */
const validSeconds = 8 * 60;

/**
 * Tokens of an installation, each kept until five minutes before its end; `anew` when the host refused the last. The
 * function throws `GitSecretInvalid`, `GitAuth`, `GitRateLimited`, `GitUnreachable`.
 */
export function githubAppTokens(options: GithubAppOptions): (app: GithubApp, anew: boolean) => Promise<string> {
  let kept: Kept | undefined;
  return async (app, anew) => {
    if (kept !== undefined && !anew && sameApp(kept.app, app)) {
      const known = await kept.token;
      if (known.expires - renewBeforeMs > options.now()) return known.text;
    }
    const mine: Kept = { app, token: requestToken(app, options) };
    kept = mine;
    try {
      return (await mine.token).text;
    } catch (error) {
      // What failed is asked again the next time, not remembered.
      if (kept === mine) kept = undefined;
      throw error;
    }
  };
}

function sameApp(a: GithubApp, b: GithubApp): boolean {
  return (
    a.appId === b.appId &&
    a.installationId === b.installationId &&
    a.privateKey === b.privateKey &&
    a.apiUrl === b.apiUrl
  );
}

/** The API of the GitHub that a repository is on. */
export function githubApi(repositoryUrl: string): string {
  const { protocol, host, hostname } = new URL(repositoryUrl);
  if (hostname === 'github.com' || hostname.endsWith('.github.com')) return 'https://api.github.com';
  if (hostname.endsWith('.ghe.com')) return `https://api.${host}`;
  return `${protocol}//${host}/api/v3`;
}

/** The statement: RS256, issued a minute ago. Throws `GitSecretInvalid` when the key cannot be used. */
export function appStatement(app: GithubApp, now: number, repositoryUrl: string): string {
  const issued = Math.floor(now / 1000) - skewSeconds;
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iat: issued, exp: issued + skewSeconds + validSeconds, iss: app.appId };
  const text = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`;
  const signature = createSign('sha256').update(text).sign(rsaKey(app, repositoryUrl));
  return `${text}.${signature.toString('base64url')}`;
}

function rsaKey(app: GithubApp, repositoryUrl: string): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = createPrivateKey(app.privateKey);
  } catch {
    // Its own message could repeat a part of the key.
    key = undefined;
  }
  if (key?.asymmetricKeyType === 'rsa') return key;
  throw secretInvalid(repositoryUrl, '"githubApp.privateKey" is damaged or is not an RSA key');
}

async function requestToken(
  app: GithubApp,
  { repositoryUrl, now }: GithubAppOptions,
): Promise<{ text: string; expires: number }> {
  const api = app.apiUrl ?? githubApi(repositoryUrl);
  const { status, body } = await postEmpty(`${api}/app/installations/${app.installationId}/access_tokens`, {
    accept: 'application/vnd.github+json',
    authorization: `Bearer ${appStatement(app, now(), repositoryUrl)}`,
    'user-agent': 'holdfast',
    'x-github-api-version': '2022-11-28',
  });
  if (status !== 201) throw refused(status, app, repositoryUrl);
  const answer = jsonOf(body);
  const text = isObject(answer) ? answer['token'] : undefined;
  const until = isObject(answer) ? answer['expires_at'] : undefined;
  const expires = typeof until === 'string' ? Date.parse(until) : Number.NaN;
  // Tokens have had 40 characters and have 520: any length that fits into a header will do.
  if (typeof text !== 'string' || !/^[\x21-\x7e]{1,8192}$/.test(text) || Number.isNaN(expires)) {
    throw new HoldfastError({
      code: 'GitProtocol',
      source: 'remote',
      message: `${new URL(api).origin} answered the GitHub App with something that is no token`,
      retryable: true,
      next: 'Check "githubApp.apiUrl" in the secret of the repository',
    });
  }
  return { text, expires };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const refusals: Readonly<Record<number, readonly [what: string, next: string]>> = {
  401: ['does not accept its key', 'Store a private key of the App that is still in its settings, and check "appId"'],
  403: ['suspended it', 'See in the settings of the organisation that the App is not suspended'],
  404: ['does not know the installation', 'Check "installationId", and that the App is still installed'],
};

function refused(status: number, app: GithubApp, repositoryUrl: string): HoldfastError {
  const [what, next] = refusals[status] ?? [];
  if (what !== undefined && next !== undefined) {
    const message = `GitHub ${what} (App ${app.appId}, installation ${app.installationId}: ${status})`;
    return new HoldfastError({ code: 'GitAuth', source: 'user', message, object: repositoryUrl, next });
  }
  return new HoldfastError({
    code: status === 429 ? 'GitRateLimited' : 'GitUnreachable',
    source: 'remote',
    message: `GitHub answered ${status} when a token for the App was asked for`,
    object: repositoryUrl,
    retryable: true,
  });
}
