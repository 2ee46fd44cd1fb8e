// `git http-backend` behind a Node request: the CGI protocol, both bodies streamed.
import { spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gitEnvironment } from '../git/process.ts';

/** Settings of the server side, given through the environment so that no repository can change them. */
const settings: Readonly<Record<string, string>> = {
  'safe.directory': '*',
  'core.hooksPath': '/dev/null',
  'core.fsmonitor': '',
  'http.receivepack': 'true',
  'receive.denyNonFastForwards': 'false',
  'receive.denyDeleteCurrent': 'ignore',
  'uploadpack.allowFilter': 'true',
  'uploadpack.allowAnySHA1InWant': 'true',
  'gc.auto': '0',
};

/** Environment for git on the server side: nothing of the user's own git settings. */
export function hostEnvironment(home: string): Record<string, string> {
  const env: Record<string, string> = { HOME: home, XDG_CONFIG_HOME: home, GIT_CONFIG_NOSYSTEM: '1' };
  const entries = Object.entries(settings);
  env['GIT_CONFIG_COUNT'] = String(entries.length);
  for (const [index, [key, value]] of entries.entries()) {
    env[`GIT_CONFIG_KEY_${index}`] = key;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  return env;
}

export interface CgiRequest {
  /** Directory that holds the repositories. */
  readonly root: string;
  /** `/NAME.git/…` below it. */
  readonly path: string;
  readonly query: string;
}

/** Answers one request by `git http-backend`. Resolves when git has ended, with whether its answer was complete. */
export async function serveCgi(cgi: CgiRequest, req: IncomingMessage, res: ServerResponse): Promise<boolean> {
  const child = spawn('git', ['http-backend'], { env: environment(cgi, req), stdio: ['pipe', 'pipe', 'ignore'] });
  return await new Promise<boolean>((resolve) => {
    let head = Buffer.alloc(0);
    let started = false;
    child.on('error', () => {
      if (!res.headersSent) res.writeHead(500).end('The git command could not be started\n');
      resolve(false);
    });
    child.stdin.on('error', () => undefined);
    req.pipe(child.stdin);
    // A client that goes away must not leave git waiting for the rest of its pack.
    req.on('aborted', () => child.kill());
    res.on('close', () => {
      if (!res.writableFinished) child.kill();
    });
    res.on('drain', () => child.stdout.resume());
    child.stdout.on('data', (chunk: Buffer) => {
      if (started) {
        if (!res.write(chunk)) child.stdout.pause();
        return;
      }
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      started = true;
      writeHead(res, head.subarray(0, end).toString('latin1'));
      if (head.length > end + 4) res.write(head.subarray(end + 4));
    });
    child.on('close', (code) => {
      if (!started && !res.headersSent) res.writeHead(500);
      res.end();
      resolve(code === 0 && started);
    });
  });
}

function environment(cgi: CgiRequest, req: IncomingMessage): NodeJS.ProcessEnv {
  const header = (name: string): string => {
    const value = req.headers[name];
    return typeof value === 'string' ? value : '';
  };
  return gitEnvironment({
    ...hostEnvironment(cgi.root),
    GIT_PROJECT_ROOT: cgi.root,
    GIT_HTTP_EXPORT_ALL: '1',
    PATH_INFO: cgi.path,
    QUERY_STRING: cgi.query,
    REQUEST_METHOD: req.method ?? 'GET',
    CONTENT_TYPE: header('content-type'),
    ...(header('content-length') === '' ? {} : { CONTENT_LENGTH: header('content-length') }),
    HTTP_CONTENT_ENCODING: header('content-encoding'),
    GIT_PROTOCOL: header('git-protocol'),
    REMOTE_ADDR: '127.0.0.1',
  });
}

function writeHead(res: ServerResponse, text: string): void {
  let status = 200;
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).trim();
    if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
    else if (colon > 0) res.setHeader(name, value);
  }
  res.writeHead(status);
}
