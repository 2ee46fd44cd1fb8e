// A door in front of a Git host on this machine, which a test may lock, or take away, while others use it.
import { createServer, request } from 'node:http';
import { eventually } from './eventually.ts';
import { close, listen } from './git.ts';

export interface GitGate {
  readonly url: string;
  /** Lets in everybody, only who signs in with `user:password`, or answers everybody with a status. */
  set(rule: 'open' | { readonly pair: string } | { readonly status: number }): void;
  /** Waits until somebody was turned away with this `user:password`. */
  refused(pair: string): Promise<boolean>;
  close(): Promise<void>;
}

/** Starts it on 127.0.0.1, open. */
export async function startGitGate(target: string): Promise<GitGate> {
  const { hostname, port } = new URL(target);
  let rule: Parameters<GitGate['set']>[0] = 'open';
  const turned = new Set<string>();
  const server = createServer((req, res) => {
    const encoded = /^Basic (.+)$/.exec(req.headers.authorization ?? '')?.[1] ?? '';
    const given = Buffer.from(encoded, 'base64').toString();
    const refused = rule === 'open' ? undefined : 'status' in rule ? rule.status : locked(rule.pair, given);
    if (refused !== undefined) {
      turned.add(given);
      req.resume();
      res.writeHead(refused, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    const { method, url, headers } = req;
    const onward = request({ host: hostname, port, method, path: url, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    });
    onward.on('error', () => res.destroy());
    req.pipe(onward);
  });
  const own = await listen(server);
  return {
    url: `http://127.0.0.1:${own}`,
    set: (next) => (rule = next),
    refused: async (pair) =>
      await eventually(() => turned.has(pair), { within: 90_000, every: 200, what: `${pair} refused` }),
    close: async () => await close(server),
  };
}

function locked(pair: string, given: string): number | undefined {
  return given === pair ? undefined : 401;
}
