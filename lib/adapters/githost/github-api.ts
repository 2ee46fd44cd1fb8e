// GitHub's REST API, as far as connecting a repository needs it: one webhook, its ping, and whether the ping arrived.
import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError } from '../../core/errors.ts';

export interface GithubApiOptions {
  /** `https://api.github.com`, or `https://HOST/api/v3` of GitHub Enterprise Server. */
  readonly api: string;
  /** `owner/name`. */
  readonly repository: string;
  readonly token: string;
}

export interface WantedHook {
  readonly url: string;
  readonly secret: string;
}

export type HookResult =
  | { readonly kind: 'created' | 'updated'; readonly id: number }
  /** The token may not manage webhooks. */
  | { readonly kind: 'refused'; readonly reason: string };

export interface PingOptions {
  readonly hook: number;
  /** Milliseconds to wait for the delivery. */
  readonly timeoutMs: number;
  readonly everyMs: number;
}

export type PingResult =
  | { readonly kind: 'seen' }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'unseen' };

interface Hook {
  readonly id: number;
  readonly config?: { readonly url?: string };
}

interface Delivery {
  readonly id: number;
  readonly event: string;
  readonly status: string;
  readonly status_code: number;
}

const deadlineMs = 15_000;
const maxPages = 10;

/** Where the API of a GitHub is, by the URL of a repository. */
export function githubApiUrl(repositoryUrl: string): string {
  const { host, origin, protocol } = new URL(repositoryUrl);
  if (host === 'github.com' || host === 'www.github.com') return 'https://api.github.com';
  return host.endsWith('.ghe.com') ? `${protocol}//api.${host}` : `${origin}/api/v3`;
}

/** Speaks as a person with a token. */
export class GithubApi {
  readonly #options: GithubApiOptions;

  constructor(options: GithubApiOptions) {
    this.#options = options;
  }

  /** Makes the webhook, or sets the one that has our address right. Doing it again changes nothing. */
  async ensureHook(wanted: WantedHook): Promise<HookResult> {
    const body = {
      active: true,
      events: ['push'],
      config: { url: wanted.url, content_type: 'json', secret: wanted.secret, insecure_ssl: '0' },
    };
    const found = await this.#findHook(wanted.url);
    if (typeof found === 'string') return { kind: 'refused', reason: found };
    const answer =
      found === undefined
        ? await this.#ask('POST', '/hooks', { name: 'web', ...body })
        : await this.#ask('PATCH', `/hooks/${found.id}`, body);
    if (isRefusal(answer.status)) return { kind: 'refused', reason: refusal(answer) };
    if (answer.status >= 300) throw this.#unexpected(answer);
    const { id } = answer.json as Hook;
    return { kind: found === undefined ? 'created' : 'updated', id };
  }

  /** The hook with that address; a text when the token may not look. */
  async #findHook(url: string): Promise<Hook | undefined | string> {
    for (let page = 1; page <= maxPages; page += 1) {
      const answer = await this.#ask('GET', `/hooks?per_page=100&page=${page}`);
      if (isRefusal(answer.status)) return refusal(answer);
      if (answer.status !== 200 || !Array.isArray(answer.json)) throw this.#unexpected(answer);
      const hooks = answer.json as readonly Hook[];
      const found = hooks.find((hook) => hook.config?.url === url);
      if (found !== undefined || hooks.length < 100) return found;
    }
    return undefined;
  }

  /** Has GitHub send a ping, and waits until GitHub says how it was answered. */
  async ping({ hook, timeoutMs, everyMs }: PingOptions): Promise<PingResult> {
    const before = new Set((await this.#pings(hook)).map(({ id }) => id));
    const sent = await this.#ask('POST', `/hooks/${hook}/pings`);
    if (sent.status >= 300) return { kind: 'failed', reason: refusal(sent) };
    const end = performance.now() + timeoutMs;
    for (;;) {
      const ping = (await this.#pings(hook)).find(({ id }) => !before.has(id));
      if (ping !== undefined && ping.status_code >= 200 && ping.status_code < 300) return { kind: 'seen' };
      if (ping !== undefined)
        return { kind: 'failed', reason: `it was answered with ${ping.status_code} (${ping.status})` };
      if (performance.now() > end) return { kind: 'unseen' };
      await sleep(everyMs);
    }
  }

  async #pings(hook: number): Promise<readonly Delivery[]> {
    const answer = await this.#ask('GET', `/hooks/${hook}/deliveries?per_page=30`);
    if (answer.status !== 200 || !Array.isArray(answer.json)) return [];
    return (answer.json as readonly Delivery[]).filter(({ event }) => event === 'ping');
  }

  async #ask(
    method: string,
    path: string,
    body?: object,
  ): Promise<{ readonly status: number; readonly json: unknown }> {
    const { api, repository, token } = this.#options;
    try {
      const response = await fetch(`${api}/repos/${repository}${path}`, {
        method,
        redirect: 'manual',
        headers: {
          accept: 'application/vnd.github+json',
          authorization: `Bearer ${token}`,
          'user-agent': 'holdfast',
          'x-github-api-version': '2022-11-28',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: globalThis.AbortSignal.timeout(deadlineMs),
      });
      return { status: response.status, json: await response.json().catch(() => undefined) };
    } catch (error) {
      throw new HoldfastError({
        code: 'GithostUnreachable',
        source: 'remote',
        message: `${new URL(api).host} does not answer`,
        retryable: true,
        next: 'Try again; connecting twice does no harm',
        cause: error,
      });
    }
  }

  #unexpected(answer: { readonly status: number; readonly json: unknown }): HoldfastError {
    return new HoldfastError({
      code: 'GithostRefused',
      source: 'remote',
      message: `${new URL(this.#options.api).host} answered ${answer.status} when the webhook was made`,
      reason: refusal(answer),
      retryable: answer.status >= 500,
      next: 'Try again; with --no-webhook the same command prints what to paste',
    });
  }
}

/** 404 is how GitHub says that a token may not know. A repository that moved is one that has to be named anew. */
function isRefusal(status: number): boolean {
  return status === 401 || status === 403 || status === 404 || (status >= 301 && status <= 308);
}

function refusal({ status, json }: { readonly status: number; readonly json: unknown }): string {
  const message =
    typeof json === 'object' && json !== null && 'message' in json ? String(json.message).slice(0, 200) : '';
  return message === '' ? String(status) : `${status} ${message}`;
}
