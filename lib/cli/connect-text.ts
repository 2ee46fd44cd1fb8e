// What `holdfast connect` says: what was done, and what is left to paste at the Git host.
import type { HostKind } from '../core/githost/host.ts';
import type { Paint } from './output.ts';

export interface HookLine {
  /** `paste` = a person has to make it; `none` = this host needs none. */
  readonly state: 'created' | 'updated' | 'paste' | 'none';
  readonly url: string;
  readonly contentType: 'application/json';
  readonly events: readonly string[];
  /** Only with --show-secret. */
  readonly secret?: string;
  /** Why it has to be pasted. */
  readonly reason?: string;
  readonly ping: {
    readonly state: 'seen' | 'failed' | 'skipped';
    readonly by?: 'host' | 'holdfast';
    readonly reason?: string;
  };
}

/** `holdfast connect -o json`. */
export interface ConnectDocument {
  readonly schemaVersion: 1;
  readonly stack: string;
  readonly repository: {
    readonly url: string;
    readonly host: HostKind;
    readonly branch: string;
    readonly head: string;
  };
  readonly token: 'stored' | 'unchanged' | 'none';
  readonly webhook: HookLine;
}

const tokenLines = {
  stored: 'token stored in the git secret of the stack',
  unchanged: 'token as it was',
  none: 'no token needed',
} as const;

/** The lines for people. */
export function connectText(document: ConnectDocument, paint: Paint): string {
  const { repository, webhook, token, stack } = document;
  const good = paint('green', '✓');
  const lines = [
    `${good} ${repository.url} ${repository.branch} is the root repository of ${stack}`,
    `${good} ${tokenLines[token]}`,
    ...hookLines(document, good, paint),
  ];
  if (webhook.ping.state === 'seen')
    lines.push(
      `${good} ${webhook.ping.by === 'host' ? 'the ping of the host arrived' : 'a signed ping of ours arrived'}`,
    );
  if (webhook.ping.state === 'failed')
    lines.push(`${paint('red', '✗')} ping: ${webhook.ping.reason ?? 'not answered'}`);
  lines.push('', `Next: git push to ${repository.branch}, then holdfast status --stack ${stack}`);
  return `${lines.join('\n')}\n`;
}

function hookLines({ webhook, repository }: ConnectDocument, good: string, paint: Paint): readonly string[] {
  if (webhook.state === 'created') return [`${good} webhook made at ${repository.host}`];
  if (webhook.state === 'updated') return [`${good} webhook at ${repository.host} set again`];
  if (webhook.state === 'none') return [`${good} no webhook needed: EventBridge tells of every push`];
  return [
    `${paint('yellow', '!')} webhook: ${webhook.reason ?? 'make it by hand'}. Paste at the host:`,
    ...pasteLines(webhook, repository.host),
  ];
}

const where: Readonly<Partial<Record<HostKind, string>>> = {
  github: 'Settings > Webhooks > Add webhook',
  gitlab: 'Settings > Webhooks > Add new webhook',
  bitbucket: 'Repository settings > Webhooks > Add webhook',
  gitea: 'Settings > Webhooks > Add webhook > Gitea',
  'azure-devops': 'Project settings > Service hooks > Web Hooks',
};

/** Field by field what to paste. */
export function pasteLines(hook: HookLine, host: HostKind): readonly string[] {
  const place = where[host];
  return [
    ...(place === undefined ? [] : [`    where         ${place}`]),
    `    URL           ${hook.url}`,
    `    content type  ${hook.contentType}`,
    `    secret        ${hook.secret ?? '(holdfast connect … --show-secret prints it)'}`,
    `    events        ${hook.events.join(', ')}`,
  ];
}
