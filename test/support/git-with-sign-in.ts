// A Git host that wants a user name and a password, which a test may change while it runs.
import { createServer } from 'node:http';
import { onTestFinished } from 'vitest';
import { createBuiltinHost } from '../../lib/adapters/githost/builtin.ts';
import { close, listen } from './git.ts';

export interface SignInServer {
  readonly url: string;
  /** `user:password` that opens it now. */
  accept(pair: string): void;
  /** What each request signed in with: `user:password`, or an empty text. */
  readonly seen: readonly string[];
}

/** Starts `git http-backend` behind a basic sign-in on a free port of 127.0.0.1, until the test ends. */
export async function startSignInServer(directory: string, pair: string): Promise<SignInServer> {
  const host = createBuiltinHost({ directory, onPush: () => undefined });
  const seen: string[] = [];
  let accepted = pair;
  const server = createServer((req, res) => {
    const encoded = /^Basic (.+)$/.exec(req.headers.authorization ?? '')?.[1] ?? '';
    const given = Buffer.from(encoded, 'base64').toString();
    seen.push(given);
    if (given === accepted) {
      host.handle(req, res).then(undefined, () => res.destroy());
      return;
    }
    req.resume();
    res.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
  });
  const port = await listen(server);
  onTestFinished(async () => await close(server));
  return { url: `http://127.0.0.1:${port}`, accept: (next) => (accepted = next), seen };
}
