// Speaks to the installation that a command is about: the running server of a data directory, with the token that only its owner
// can read, or a stack on AWS, with the caller's own credentials.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { HoldfastError } from '../core/errors.ts';
import { readServerFile, type ServerFile } from '../runtime/server-file.ts';
import { usage } from './exit.ts';
import { type CommandFlags, text } from './flags.ts';
import { progress } from './output.ts';

/** The name that `cdk deploy` gives the stack. */
export const defaultStack = 'Holdfast';
const defaultData = '.holdfast';

type Method = 'GET' | 'POST' | 'PUT';

interface Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly json: unknown;
}

type Call = (method: Method, route: string, body?: object) => Promise<Answer>;

/** One look for each command line, however many calls it makes. */
const found = new WeakMap<CommandFlags, Promise<Call>>();

/** Where the server of a data directory listens. Throws `ServerNotRunning`. */
export async function findServer(dataDir: string, reason?: string): Promise<ServerFile> {
  const server = await readServerFile(dataDir);
  if (server !== undefined) return server;
  throw new HoldfastError({
    code: 'ServerNotRunning',
    source: 'user',
    message: `No Holdfast server runs with the data directory ${dataDir}`,
    ...(reason === undefined ? {} : { reason }),
    next:
      dataDir === defaultData
        ? 'npm start (or holdfast up), name its directory with --data DIR, or a stack on AWS with --stack NAME'
        : `holdfast up --data ${dataDir}`,
  });
}

/** The stack that the command line or HOLDFAST_STACK names. A data directory that is named wins over HOLDFAST_STACK. */
export function namedStack(flags: CommandFlags): string | undefined {
  const stack = text(flags, 'stack');
  const data = text(flags, 'data') ?? defaultData;
  if (stack !== undefined && data !== defaultData)
    throw usage('--stack is for AWS and --data for this machine: give one of them');
  if (stack !== undefined) return stack;
  const set = process.env['HOLDFAST_STACK'];
  return data !== defaultData || set === undefined || set === '' ? undefined : set;
}

/** Whether AWS is set up on this machine; looked up without loading the SDK. */
export function awsIsSetUp(env: NodeJS.ProcessEnv = process.env): boolean {
  const set = (name: string): boolean => (env[name] ?? '') !== '';
  const file = (name: string, base: string): boolean =>
    existsSync(env[name] ?? path.join(env['HOME'] ?? homedir(), '.aws', base));
  const config = file('AWS_CONFIG_FILE', 'config');
  const region = set('AWS_REGION') || set('AWS_DEFAULT_REGION') || config;
  const credentials =
    ['AWS_ACCESS_KEY_ID', 'AWS_PROFILE', 'AWS_WEB_IDENTITY_TOKEN_FILE'].some(set) ||
    set('AWS_CONTAINER_CREDENTIALS_RELATIVE_URI') ||
    set('AWS_CONTAINER_CREDENTIALS_FULL_URI') ||
    config ||
    file('AWS_SHARED_CREDENTIALS_FILE', 'credentials');
  return region && credentials;
}

async function connect(flags: CommandFlags): Promise<Call> {
  const stack = namedStack(flags);
  if (stack !== undefined) return await stackCall(stack);
  const data = text(flags, 'data') ?? defaultData;
  if (data !== defaultData || !awsIsSetUp() || (await readServerFile(data)) !== undefined)
    return serverCall(await findServer(data));
  try {
    const call = await stackCall(defaultStack);
    progress(`stack ${defaultStack} (no server runs here; --stack NAME names another)`);
    return call;
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    // Nobody asked for AWS: what failed there is only why nothing was found.
    return serverCall(await findServer(data, `nor was a stack found: ${error.message}`));
  }
}

/** The SDK is loaded only when a stack is asked. */
async function stackCall(name: string): Promise<Call> {
  const { findStack, openSession, stackApi } = await import('../adapters/aws/stack-api.ts');
  const session = await openSession();
  const api = stackApi(session, await findStack(session, name));
  return async (method, route, body) => {
    const { status, json } = await api.call(method, route, body);
    return { ok: status >= 200 && status < 300, status, json };
  };
}

function serverCall(server: ServerFile): Call {
  return async (method, route, body) => {
    const response = await fetch(new URL(route, server.url), {
      method,
      headers: {
        authorization: `Bearer ${server.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      throw new HoldfastError({
        code: 'ServerUnreachable',
        source: 'system',
        message: `The server at ${server.url} does not answer`,
        retryable: true,
        cause: error,
      });
    });
    return { ok: response.ok, status: response.status, json: await response.json().catch(() => ({})) };
  };
}

/** One call of the API; answers its JSON. Errors of the server come through as they are. */
export async function callServer<T>(flags: CommandFlags, method: Method, route: string, body?: object): Promise<T> {
  let call = found.get(flags);
  if (call === undefined) found.set(flags, (call = connect(flags)));
  const answer = await (await call)(method, route, body);
  const json = (answer.json ?? {}) as T & { code?: string; message?: string; hint?: string };
  if (answer.ok) return json;
  throw new HoldfastError({
    code: json.code ?? (answer.status === 401 ? 'ApiUnauthorized' : 'ServerError'),
    source: answer.status >= 500 ? 'system' : 'user',
    message: json.message ?? `The server answered ${answer.status}`,
    ...(json.hint === undefined ? {} : { next: json.hint }),
  });
}

/** Path of one application's routes. */
export function appRoute(name: string | undefined, verb = ''): string {
  return `/api/apps/${encodeURIComponent(name ?? '')}${verb === '' ? '' : `/${verb}`}`;
}
