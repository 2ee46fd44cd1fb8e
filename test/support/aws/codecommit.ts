// A stand-in for CodeCommit: `git http-backend` behind the basic sign-in of the service, whose signature is worked out here anew.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import type { BuiltinHost, PushedRef } from '../../../lib/adapters/githost/builtin.ts';
import { createBuiltinHost } from '../../../lib/adapters/githost/builtin.ts';
import { close, listen } from '../git.ts';

export interface FakeCodeCommitOptions {
  /** Holds `NAME.git` directories; made when missing. */
  readonly directory: string;
  readonly region: string;
  /** Access keys and their secrets. With `sessionTokens` a key is only good together with its token. */
  readonly keys: Readonly<Record<string, string>>;
  /** Keys that are not among `keys`, such as those of a session that was begun later. */
  readonly lookUp?: (accessKey: string) => Promise<KnownKey | undefined>;
  readonly sessionTokens?: Readonly<Record<string, string>>;
  /** What must not be done: `GitPull`, `GitPush`. */
  readonly denied?: readonly string[];
  /** Milliseconds since the epoch; the machine's clock when absent. */
  readonly now?: () => number;
}

export interface KnownKey {
  readonly secret: string;
  readonly sessionToken?: string | undefined;
}

export interface FakeCodeCommit {
  readonly host: BuiltinHost;
  /** For AWS_ENDPOINT_URL_CODECOMMIT. */
  readonly endpoint: string;
  readonly pushes: readonly PushedRef[];
  /** What was asked: method, path and how it was answered. */
  readonly requests: readonly { readonly method: string; readonly path: string; readonly status: number }[];
  close(): Promise<void>;
}

/** Signatures are good for this long, in both directions. */
const validMs = 15 * 60_000;

/** Starts it on a free port of 127.0.0.1. Differs from the service: repositories are made by `host.create` or a push. */
export async function startFakeCodeCommit(options: FakeCodeCommitOptions): Promise<FakeCodeCommit> {
  const pushes: PushedRef[] = [];
  const requests: { method: string; path: string; status: number }[] = [];
  const host = createBuiltinHost({ directory: options.directory, onPush: (push) => pushes.push(push) });
  const server = createServer((req, res) => {
    const { method = '', url = '' } = req;
    res.on('finish', () => requests.push({ method, path: url, status: res.statusCode }));
    const [, name, rest] = /^\/v1\/repos\/([A-Za-z0-9._-]+)(\/.*)$/.exec(url) ?? [];
    const answer = async (): Promise<void> => {
      const status = name === undefined ? 404 : await refusal(req, `/v1/repos/${name}`, rest ?? '', options);
      if (status !== undefined || name === undefined) {
        req.resume();
        res.writeHead(status ?? 404, status === 401 ? { 'www-authenticate': 'Basic realm="CodeCommit"' } : {}).end();
        return;
      }
      req.url = `/${name.replace(/\.git$/, '')}.git${rest}`;
      await host.handle(req, res);
    };
    answer().then(undefined, () => res.destroy());
  });
  const port = await listen(server);
  return { host, endpoint: `http://127.0.0.1:${port}`, pushes, requests, close: async () => await close(server) };
}

/** The status with which a request is refused: 401 without a sign-in, 403 with one that is wrong or not allowed this. */
async function refusal(
  req: IncomingMessage,
  path: string,
  rest: string,
  options: FakeCodeCommitOptions,
): Promise<number | undefined> {
  const encoded = /^Basic (.+)$/.exec(req.headers.authorization ?? '')?.[1];
  if (encoded === undefined) return 401;
  const [, username = '', password = ''] =
    /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString('utf8')) ?? [];
  const [key = '', ...token] = username.split('%');
  const known = await knownKey(key, options);
  if (known === undefined) return 403;
  const { secret } = known;
  if (known.sessionToken !== (token.length === 0 ? undefined : token.join('%'))) return 403;
  const hostname = (req.headers.host ?? '').replace(/:\d+$/, '');
  if (!rightPassword(password, { path, hostname, secret, options })) return 403;
  const action = rest.includes('git-receive-pack') ? 'GitPush' : 'GitPull';
  return options.denied?.includes(action) === true ? 403 : undefined;
}

async function knownKey(key: string, options: FakeCodeCommitOptions): Promise<KnownKey | undefined> {
  const secret = options.keys[key];
  return secret === undefined ? await options.lookUp?.(key) : { secret, sessionToken: options.sessionTokens?.[key] };
}

interface Signed {
  readonly path: string;
  readonly hostname: string;
  readonly secret: string;
  readonly options: FakeCodeCommitOptions;
}

/** Written from the description of the algorithm, apart from the code under test. */
function rightPassword(password: string, { path, hostname, secret, options }: Signed): boolean {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z([0-9a-f]{64})$/.exec(password);
  if (match === null) return false;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const at = Date.UTC(year, month - 1, day, hour, minute, second);
  if (Math.abs((options.now?.() ?? Date.now()) - at) > validMs) return false;
  const hmac = (mac: string | Buffer, data: string): Buffer => createHmac('sha256', mac).update(data).digest();
  const date = password.slice(0, 8);
  const canonical = ['GIT', path, '', `host:${hostname}`, '', 'host', ''].join('\n');
  const scope = [date, options.region, 'codecommit', 'aws4_request'].join('/');
  const hashed = createHash('sha256').update(canonical).digest('hex');
  const toSign = ['AWS4-HMAC-SHA256', password.slice(0, 15), scope, hashed].join('\n');
  const signing = hmac(hmac(hmac(hmac(`AWS4${secret}`, date), options.region), 'codecommit'), 'aws4_request');
  return timingSafeEqual(hmac(signing, toSign), Buffer.from(match[7] ?? '', 'hex'));
}
