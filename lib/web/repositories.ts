// /api/repositories/root: which repository is followed. What is applied from it is decided by whoever looks at it.
import { Hono } from 'hono';
import { readRepositoryUrl } from '../core/githost/host.ts';
import { isObject } from '../core/json.ts';
import { isBranch } from '../core/source/branch.ts';
import { parseJson, readBody, requireJson } from './body.ts';
import type { ApiOptions, Repositories, RepositoryDocument, RepositorySettings } from './options.ts';
import { Refusal } from './problem.ts';

const BODY_LIMIT = 16 * 1024;
const KEY = 'repo/root';

/** Routes below `/api/repositories`. */
export function repositoryRoutes(options: ApiOptions, repositories: Repositories): Hono {
  const routes = new Hono();
  routes.get('/root', async (c) => {
    const found = await repositories.get();
    if (found !== undefined) return c.json(document(found));
    const problem = { code: 'RepositoryMissing', message: 'No repository is connected', hint: 'holdfast connect URL' };
    throw new Refusal(404, problem);
  });
  routes.put('/root', async (c) => {
    requireJson(c.req.raw);
    const settings = readSettings(parseJson(await readBody(c.req.raw, BODY_LIMIT)));
    const before = await repositories.get();
    if (repositories.fixed && !same(before, settings)) {
      throw new Refusal(409, {
        code: 'RepositoryFixed',
        message: `The stack was deployed for ${before?.url ?? 'another repository'}`,
        hint: 'Change `root` where the stack is deployed, and deploy it again',
      });
    }
    if (!repositories.fixed) await repositories.set(settings);
    await options.store.hint(KEY, { kind: 'manual', at: options.now(), note: 'connected' });
    await options.queue.send('source', KEY);
    return c.json(document(settings));
  });
  return routes;
}

function readSettings(body: unknown): RepositorySettings {
  if (!isObject(body)) throw bad('The body is not a JSON object');
  const strange = Object.keys(body).find((key) => !['url', 'branch', 'host'].includes(key));
  if (strange !== undefined) throw bad(`${JSON.stringify(strange.slice(0, 40))} is not known here`);
  const { url, branch, host } = body;
  if (typeof url !== 'string') throw bad('url has to be the URL of a repository');
  if (typeof branch !== 'string' || !isBranch(branch)) throw bad('branch has to be the name of a branch');
  if (host !== undefined && typeof host !== 'string') throw bad('host has to be a kind of Git host');
  const read = readRepositoryUrl(url, { host });
  if (read.kind === 'problems') throw bad(`The URL of the repository cannot be used: ${read.problems.join('; ')}`);
  return { v: 1, url: read.repository.url, branch, ...(host === undefined ? {} : { host }) };
}

function document({ url, branch, host }: RepositorySettings): RepositoryDocument {
  return { schemaVersion: 1, alias: 'root', url, branch, ...(host === undefined ? {} : { host }) };
}

function same(a: RepositorySettings | undefined, b: RepositorySettings): boolean {
  return a !== undefined && a.url === b.url && a.branch === b.branch;
}

function bad(message: string): Refusal {
  return new Refusal(400, { code: 'BodyMalformed', message });
}
