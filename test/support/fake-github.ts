// A GitHub of our own: Git over HTTP with a token, and the part of its REST API that webhooks need.
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createBuiltinHost } from '../../lib/adapters/githost/builtin.ts';
import { close, git, listen, workTree } from './git.ts';
import { tempDir } from './temp-dir.ts';

export interface FakeHook {
  readonly id: number;
  events: readonly string[];
  config: { url: string; content_type: string; secret: string; insecure_ssl: string };
}

/** A delivery as it goes out: answers the status of whoever got it. */
export type Deliver = (delivery: {
  readonly url: string;
  readonly event: string;
  readonly signature: string;
  readonly body: string;
}) => number | Promise<number>;

export interface FakeGithub {
  readonly url: string;
  /** `acme/shop`, with one commit on main. */
  readonly repository: string;
  readonly head: string;
  readonly hooks: FakeHook[];
  /** Calls of the API, as `METHOD path`. */
  readonly calls: string[];
  /** What the token may do. */
  rights: 'admin' | 'read';
  deliver: Deliver;
}

export const githubToken = 'ghp_fake-token-of-the-tests';

interface State {
  readonly github: FakeGithub;
  readonly deliveries: { id: number; event: string; status: string; status_code: number }[];
}

/** Starts it for one test. */
export async function startFakeGithub(): Promise<FakeGithub> {
  const directory = tempDir();
  const host = createBuiltinHost({ directory: join(directory, 'host'), onPush: () => undefined });
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    if (path.startsWith('/api/v3/')) return void api(state, request, response);
    // The author of the test pushes through the back door; everybody else needs the token.
    const given = Buffer.from(request.headers.authorization?.replace(/^Basic /, '') ?? '', 'base64').toString();
    if (!path.startsWith('/shop.git') && !given.endsWith(`:${githubToken}`))
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="GitHub"' }).end();
    request.url = path.replace(/^\/acme\//, '/');
    void host.handle(request, response).then((handled) => (handled ? undefined : response.writeHead(404).end()));
  });
  const port = await listen(server);
  onTestFinished(async () => await close(server));
  const url = `http://127.0.0.1:${port}`;
  const work = join(directory, 'work');
  const head = await workTree(work, { 'holdfast.yaml': 'version: 1\napps: []\n' });
  await git(work, 'push', '-q', `${url}/shop.git`, 'main');
  const github: FakeGithub = {
    url,
    repository: `${url}/acme/shop.git`,
    head,
    hooks: [],
    calls: [],
    rights: 'admin',
    deliver: () => 200,
  };
  const state: State = { github, deliveries: [] };
  return github;
}

async function api(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { github, deliveries } = state;
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const path = (request.url ?? '').replace('/api/v3/repos/acme/shop', '').replace(/\?.*$/, '');
  const call = `${request.method ?? ''} ${path}`;
  github.calls.push(call);
  const json = (status: number, value?: unknown): void => {
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(value === undefined ? '' : JSON.stringify(value));
  };
  if (request.headers.authorization !== `Bearer ${githubToken}`) return json(401, { message: 'Bad credentials' });
  if (github.rights === 'read') return json(403, { message: 'Resource not accessible by personal access token' });
  const id = Number(/\/hooks\/(\d+)/.exec(path)?.[1]);
  const hook = github.hooks.find((one) => one.id === id);
  // A secret is never given back.
  const shown = ({ config, ...rest }: FakeHook): object => ({ ...rest, config: { ...config, secret: '********' } });
  if (call === 'GET /hooks') return json(200, github.hooks.map(shown));
  if (call === 'POST /hooks') {
    const made: FakeHook = { id: github.hooks.length + 1, ...(JSON.parse(text) as Omit<FakeHook, 'id'>) };
    github.hooks.push(made);
    return json(201, shown(made));
  }
  if (hook === undefined) return json(404, { message: 'Not Found' });
  if (call.startsWith('PATCH')) {
    Object.assign(hook, JSON.parse(text));
    return json(200, shown(hook));
  }
  if (call.endsWith('/deliveries')) return json(200, deliveries);
  if (!call.endsWith('/pings')) return json(404, { message: 'Not Found' });
  const body = JSON.stringify({ zen: 'Keep it logically awesome.', hook_id: hook.id });
  const signature = `sha256=${createHmac('sha256', hook.config.secret).update(body).digest('hex')}`;
  const status = await github.deliver({ url: hook.config.url, event: 'ping', signature, body });
  deliveries.push({
    id: deliveries.length + 1,
    event: 'ping',
    status: status < 300 ? 'OK' : 'Invalid',
    status_code: status,
  });
  json(204);
}
