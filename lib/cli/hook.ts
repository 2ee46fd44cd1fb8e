// The webhook of a repository: made at the host where a token allows it, else left to paste; and a ping either way.
import { GithubApi, githubApiUrl } from '../adapters/githost/github-api.ts';
import type { HostedRepository } from '../core/githost/host.ts';
import type { HookLine } from './connect-text.ts';
import { sendPing } from './ping.ts';

export interface HookRequest {
  readonly repository: HostedRepository;
  /** Where the host has to send to. */
  readonly address: string;
  readonly webhookSecret: { readonly secret?: string; readonly reason?: string };
  readonly token: string | undefined;
  /** False: nothing is made at the host. */
  readonly wanted: boolean;
}

const pingMs = 60_000;
const pingEveryMs = 500;

/** Makes it, or says what to paste. */
export async function makeHook(request: HookRequest): Promise<HookLine> {
  const { repository, address, webhookSecret, token } = request;
  const { secret } = webhookSecret;
  const base = { url: address, contentType: 'application/json', events: ['push'] } as const;
  if (repository.kind === 'codecommit') return { ...base, state: 'none', ping: { state: 'skipped' } };
  if (secret === undefined)
    return {
      ...base,
      state: 'paste',
      reason: webhookSecret.reason ?? 'there is no secret',
      ping: { state: 'skipped' },
    };
  const own = async (reason: string): Promise<HookLine> => {
    const ping = await sendPing(address, secret);
    return {
      ...base,
      state: 'paste',
      secret,
      reason,
      ping: { state: ping.kind, by: 'holdfast', ...(ping.kind === 'failed' ? { reason: ping.reason } : {}) },
    };
  };
  if (!request.wanted) return await own('it was not asked for');
  if (repository.kind !== 'github') return await own(`it cannot be made at ${repository.kind} from here`);
  if (token === undefined) return await own('it needs a token that may manage webhooks');
  const api = new GithubApi({ api: githubApiUrl(repository.url), repository: repository.name, token });
  const made = await api.ensureHook({ url: address, secret });
  if (made.kind === 'refused') return await own(`this token may not manage webhooks (${made.reason})`);
  const ping = await api.ping({ hook: made.id, timeoutMs: pingMs, everyMs: pingEveryMs });
  if (ping.kind === 'seen') return { ...base, state: made.kind, secret, ping: { state: 'seen', by: 'host' } };
  const reason = ping.kind === 'failed' ? ping.reason : `the host has not sent it within ${pingMs / 1000} s`;
  return { ...base, state: made.kind, secret, ping: { state: 'failed', by: 'host', reason } };
}
