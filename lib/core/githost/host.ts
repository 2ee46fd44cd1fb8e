// Which Git host a repository's URL is, the one form in which it is written, and what is wrong with it.
import { shown } from '../source/path.ts';
import { awsHost, fromGrc } from './aws-host.ts';

/** Hosts that want a way of their own to sign in; `generic` is any other that speaks Git over HTTP. */
export const hostKinds = [
  'github',
  'gitlab',
  'bitbucket',
  'gitea',
  'azure-devops',
  'codecommit',
  'codeconnections',
  'generic',
] as const;

export type HostKind = (typeof hostKinds)[number];

/** A repository on a host. */
export interface HostedRepository {
  readonly kind: HostKind;
  /** `https://…` (or `http://…`), without credentials, query, fragment and slashes at its end. */
  readonly url: string;
  /** What it is called on its host: its path without `.git`; of CodeCommit the bare name. */
  readonly name: string;
  /** AWS region of CodeCommit and CodeConnections. */
  readonly region?: string;
}

export type HostResult =
  | { readonly kind: 'repository'; readonly repository: HostedRepository }
  | { readonly kind: 'problems'; readonly problems: readonly string[] };

export interface HostHints {
  /** The host's kind, when the URL does not tell it (a server of one's own). */
  readonly host?: string | undefined;
  /** Region of a CodeCommit URL that names none. */
  readonly region?: string | undefined;
}

interface ParsedUrl {
  readonly protocol: string;
  readonly host: string;
  readonly hostname: string;
  readonly pathname: string;
  readonly username: string;
  readonly password: string;
  readonly search: string;
  readonly hash: string;
}
interface UrlParser {
  new (text: string): ParsedUrl;
  canParse(text: string): boolean;
}
// Core names no host types, but every host has this one.
const urls = (globalThis as unknown as { readonly URL: UrlParser }).URL;

/** Whether the text names a kind of host. */
export function isHostKind(text: string): text is HostKind {
  return hostKinds.some((kind) => kind === text);
}

/** Reads the URL of a repository. Never throws; no problem repeats what may be a secret. */
export function readRepositoryUrl(text: string, hints: HostHints = {}): HostResult {
  if (text.length > 2_000) return { kind: 'problems', problems: ['it is too long for a URL'] };
  const grc = fromGrc(text, hints.region);
  if (grc !== undefined && 'problem' in grc) return { kind: 'problems', problems: [grc.problem] };
  const written = grc?.url ?? text.trim();
  const unusable = unusableUrl(written);
  if (unusable !== undefined) return { kind: 'problems', problems: [unusable] };
  const url = new urls(written);
  const kind = hints.host === undefined ? kindOf(url.hostname) : hints.host;
  if (!isHostKind(kind)) {
    return { kind: 'problems', problems: [`"${shown(kind, 40)}" is no host: give one of ${hostKinds.join(', ')}`] };
  }
  const problems = [...urlProblems(url, kind), ...pathProblems(url.pathname, kind)];
  const region = isAws(kind) ? (awsHost(url.hostname)?.region ?? hints.region) : undefined;
  if (isAws(kind) && region === undefined) problems.push('it names no AWS region, and none was given');
  if (problems.length > 0) return { kind: 'problems', problems };
  const path = url.pathname.replace(/\/+$/, '');
  const repository = {
    kind,
    url: `${url.protocol}//${url.host}${path}`,
    name: nameOf(path, kind),
    ...(region === undefined ? {} : { region }),
  };
  return { kind: 'repository', repository };
}

function isAws(kind: HostKind): boolean {
  return kind === 'codecommit' || kind === 'codeconnections';
}

const suffixes: readonly (readonly [pattern: RegExp, kind: HostKind])[] = [
  [/(?:^|\.)(?:github\.com|ghe\.com)$|^github\./, 'github'],
  [/(?:^|\.)gitlab\.com$|^gitlab\./, 'gitlab'],
  [/(?:^|\.)bitbucket\.org$/, 'bitbucket'],
  [/^(?:dev\.azure\.com|ssh\.dev\.azure\.com|[a-z0-9-]+\.visualstudio\.com)$/, 'azure-devops'],
  [/^(?:codeberg\.org|gitea\.com)$|^(?:gitea|forgejo)\./, 'gitea'],
];

/** The kind of host that a host name is, as far as it tells. */
export function kindOf(hostname: string): HostKind {
  return awsHost(hostname)?.kind ?? suffixes.find(([pattern]) => pattern.test(hostname))?.[1] ?? 'generic';
}

function unusableUrl(text: string): string | undefined {
  // git@github.com:owner/name.git
  const scp = /^(?:[A-Za-z0-9._-]+@)?([A-Za-z0-9.-]+\.[A-Za-z]{2,}):(?!\/\/)([A-Za-z0-9._~/-]{1,200})$/.exec(text);
  const ssh = /^(?:ssh|git):\/\/(?:[A-Za-z0-9._-]+@)?([A-Za-z0-9.-]+)(?::\d+)?\/([A-Za-z0-9._~/-]{1,200})$/.exec(text);
  const [, host, path] = scp ?? ssh ?? [];
  if (host !== undefined && path !== undefined) {
    return `SSH is not supported: give https://${host}/${path.replace(/^\/+/, '')}`;
  }
  if (!urls.canParse(text)) return 'it cannot be read: it must begin with https://';
  const { protocol } = new urls(text);
  return protocol === 'https:' || protocol === 'http:' ? undefined : 'it must begin with https://';
}

/** Whether a host is this very machine, where nobody listens in. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

function urlProblems(url: ParsedUrl, kind: HostKind): string[] {
  const problems: string[] = [];
  // Azure DevOps writes the organisation as user name into the URLs that it offers to copy.
  const named = url.username !== '' && kind !== 'azure-devops';
  if (named || url.password !== '') problems.push('it must not hold a user name or token: those belong in a secret');
  if (url.search !== '' || url.hash !== '') problems.push('it must not have a query or fragment');
  if (url.protocol === 'http:' && kind !== 'generic' && !isLoopback(url.hostname)) {
    problems.push('it must begin with https://: over http:// anybody on the way could read the credentials');
  }
  return problems;
}

function pathProblems(pathname: string, kind: HostKind): string[] {
  const parts = pathname.split('/').filter((part) => part !== '');
  if (parts.length === 0) return ['it names a host and no repository'];
  // The signature is over the path as it is written: an escape has two ways to be written.
  if (kind === 'codecommit' && !/^\/v1\/repos\/[A-Za-z0-9._-]{1,100}\/*$/.test(pathname)) {
    return ['a CodeCommit URL ends in /v1/repos/ and the name of the repository'];
  }
  if (kind === 'codeconnections' && !/^\/git-http\/\d{12}\/[a-z0-9-]+\/[0-9a-f-]{36}\/.+/.test(pathname)) {
    return ['a CodeConnections URL has the path /git-http/ACCOUNT/REGION/CONNECTION/OWNER/NAME.git'];
  }
  if ((kind === 'github' || kind === 'bitbucket') && parts.length !== 2) {
    return [`a repository on this host is named by its owner and its name, as in https://HOST/OWNER/NAME.git`];
  }
  if (kind === 'azure-devops' && !parts.includes('_git')) {
    return ['an Azure DevOps URL has the form https://dev.azure.com/ORGANISATION/PROJECT/_git/NAME'];
  }
  if (kind === 'gitlab' && parts.includes('-')) return ['it is the address of a page: give the URL to clone'];
  return [];
}

function nameOf(path: string, kind: HostKind): string {
  const plain = path.replace(/^\/+/, '').replace(/\.git$/, '');
  return kind === 'codecommit' ? plain.slice(plain.lastIndexOf('/') + 1) : plain;
}
