// `holdfast connect URL`: makes the repository the root of an installation on AWS. Every step can be done again.
import { readFile } from 'node:fs/promises';
import { text as textOf } from 'node:stream/consumers';
import { readSecretMap, setSecretMember } from '../../adapters/aws/secret-edit.ts';
import { listRefs } from '../../adapters/git/fetch.ts';
import { GitHttp } from '../../adapters/git/http.ts';
import { branchMissing } from '../../adapters/git/refs.ts';
import { gitSignIn } from '../../adapters/githost/credentials.ts';
import { asFailure, HoldfastError } from '../../core/errors.ts';
import { type HostedRepository, hostKinds, isHostKind, readRepositoryUrl } from '../../core/githost/host.ts';
import { readGitSecret } from '../../core/githost/secret.ts';
import { connectText, type ConnectDocument, type HookLine } from '../connect-text.ts';
import { type Connection, openConnection, output, webhookAddress } from '../connection.ts';
import { exitCodes, usage } from '../exit.ts';
import { type CommandFlags, text, wantsJson } from '../flags.ts';
import { makeHook } from '../hook.ts';
import { paintOut, progress, writeOut } from '../output.ts';

/** Alias of the root repository: it names the secrets and the webhook. */
const alias = 'root';

export async function run(args: readonly string[], flags: CommandFlags): Promise<number> {
  const host = hostFlag(flags);
  const token = await givenToken(flags);
  const connection = await openConnection(flags);
  progress(`stack ${connection.stack.name} in ${connection.stack.region}`);
  const kept = token === undefined ? await keptSecret(connection) : undefined;
  const seen = await readRepository(args[0] ?? '', {
    host,
    connection,
    branch: text(flags, 'branch'),
    secret: token ?? kept,
  });
  progress(`${seen.repository.url} can be read: ${seen.branch} is at ${seen.head.slice(0, 8)}`);
  const stored = await storeToken(connection, seen.repository, token, kept);
  await setRoot(connection, seen.repository, seen.branch, host);
  const hook = await makeHook({
    repository: seen.repository,
    address: webhookAddress(connection.stack, alias),
    webhookSecret: await webhookSecret(connection),
    token: tokenIn(token ?? kept),
    wanted: flags['webhook'] !== false,
  });
  const document: ConnectDocument = {
    schemaVersion: 1,
    stack: connection.stack.name,
    repository: { url: seen.repository.url, host: seen.repository.kind, branch: seen.branch, head: seen.head },
    token: stored,
    webhook: shownHook(hook, flags['showSecret'] === true),
  };
  await writeOut(wantsJson(flags) ? `${JSON.stringify(document, undefined, 2)}\n` : connectText(document, paintOut));
  if (hook.ping.state !== 'failed') return exitCodes.ok;
  throw new HoldfastError({
    code: 'WebhookPingFailed',
    source: 'user',
    message: 'The repository is connected, but the ping to its webhook was not answered',
    ...(hook.ping.reason === undefined ? {} : { reason: hook.ping.reason }),
    next: 'holdfast doctor; without a webhook the branch is still looked at regularly',
  });
}

function hostFlag(flags: CommandFlags): string | undefined {
  const host = text(flags, 'host');
  if (host === undefined || isHostKind(host)) return host;
  throw usage(`--host ${host} is not known`, `One of: ${hostKinds.join(', ')}`);
}

/** From a file, from stdin (`-`), or from HOLDFAST_GIT_TOKEN: never from the command line, which everybody on the machine can read. */
async function givenToken(flags: CommandFlags): Promise<string | undefined> {
  const file = text(flags, 'tokenFile');
  if (file === undefined) return process.env['HOLDFAST_GIT_TOKEN']?.trim() || undefined;
  const found = await (file === '-' ? textOf(process.stdin) : readFile(file, 'utf8')).catch(() => undefined);
  const token = found?.trim();
  if (token !== undefined && token !== '') return token;
  throw usage(
    found === undefined ? `The file ${file} cannot be read` : 'The token is empty',
    'Write the token alone into it',
  );
}

/** What the git secret holds for the alias, as text. */
async function keptSecret(connection: Connection): Promise<string | undefined> {
  try {
    const own = (await readSecretMap(connection.session, output(connection.stack, 'GitSecretArn')))[alias];
    return own === undefined || typeof own === 'string' ? own : JSON.stringify(own);
  } catch (error) {
    // Public repositories and CodeCommit need none; reading the repository tells whether it was needed.
    if (error instanceof HoldfastError && error.code === 'AwsForbidden') return undefined;
    throw error;
  }
}

function tokenIn(secret: string | undefined): string | undefined {
  const result = secret === undefined ? undefined : readGitSecret(secret);
  return result?.kind === 'secret' && result.secret.kind === 'token' ? result.secret.token : undefined;
}

interface SeenRepository {
  readonly repository: HostedRepository;
  readonly branch: string;
  readonly head: string;
}

async function readRepository(
  url: string,
  options: {
    readonly host: string | undefined;
    readonly connection: Connection;
    readonly branch: string | undefined;
    readonly secret: string | undefined;
  },
): Promise<SeenRepository> {
  const { connection, secret } = options;
  const signIn = gitSignIn({
    url,
    host: options.host,
    secret: async () => secret,
    aws: connection.session.credentials,
    region: connection.session.region,
    codecommitEndpoint: process.env['AWS_ENDPOINT_URL_CODECOMMIT'],
    now: () => Date.now(),
  });
  const http = new GitHttp({ url: signIn.repository.url, credentials: async () => await signIn.credentials(false) });
  const refs = await listRefs(http, 'refs/heads/');
  const branches = [...refs.keys()].map((ref) => ref.slice('refs/heads/'.length));
  const branch = options.branch ?? ['main', 'master'].find((name) => branches.includes(name)) ?? branches[0] ?? 'main';
  if (options.branch === undefined && !['main', 'master'].includes(branch) && branches.length > 1)
    throw usage(
      `The repository has ${branches.length} branches and none is called main`,
      '--branch NAME says which one',
    );
  const head = refs.get(`refs/heads/${branch}`);
  if (head === undefined) throw branchMissing(branch, branches);
  // Stored is the repository's own address; an endpoint of this machine is nobody else's.
  const own = readRepositoryUrl(url, { host: options.host, region: connection.session.region });
  return { repository: own.kind === 'repository' ? own.repository : signIn.repository, branch, head };
}

async function storeToken(
  connection: Connection,
  repository: HostedRepository,
  token: string | undefined,
  kept: string | undefined,
): Promise<ConnectDocument['token']> {
  if (token === undefined) return kept === undefined ? 'none' : 'unchanged';
  if (repository.kind === 'codecommit' || repository.kind === 'codeconnections') return 'none';
  return await setSecretMember(connection.session, output(connection.stack, 'GitSecretArn'), alias, { token });
}

async function setRoot(
  connection: Connection,
  repository: HostedRepository,
  branch: string,
  host: string | undefined,
): Promise<void> {
  const answer = await connection.api.call('PUT', '/api/repositories/root', {
    url: repository.url,
    branch,
    ...(host === undefined ? {} : { host }),
  });
  if (answer.status < 300) return;
  const { code, message, hint } = (answer.json ?? {}) as { code?: string; message?: string; hint?: string };
  throw new HoldfastError({
    code: code ?? 'ServerError',
    source: answer.status >= 500 ? 'system' : 'user',
    message: message ?? `The API answered ${answer.status}`,
    ...(hint === undefined ? {} : { next: hint }),
  });
}

/** The secret that webhooks are signed with now; the reason when this person may not read it. */
async function webhookSecret(connection: Connection): Promise<{ readonly secret?: string; readonly reason?: string }> {
  try {
    const own = (await readSecretMap(connection.session, output(connection.stack, 'WebhookSecretArn')))[alias];
    const secret = Array.isArray(own) ? own[0] : own;
    return typeof secret === 'string' && secret !== ''
      ? { secret }
      : { reason: 'the webhook secret has no entry "root"' };
  } catch (error) {
    const failure = asFailure(error);
    if (failure.code !== 'AwsForbidden') throw error;
    return { reason: failure.message };
  }
}

function shownHook(hook: HookLine, showSecret: boolean): HookLine {
  const { secret, ...rest } = hook;
  return showSecret && secret !== undefined ? { ...rest, secret } : rest;
}
