// What every set of routes has: errors as JSON, nothing sniffed or cached, and a sign of life.
import { Hono } from 'hono';
import type { BaseOptions } from './options.ts';
import { answerError, Refusal } from './problem.ts';

/** Routes with nothing but `/healthz` yet. */
export function baseRoutes(options: BaseOptions): Hono {
  const web = new Hono();
  web.onError((error, c) => {
    const answer = answerError(c, error);
    if (answer.status >= 500) options.onError?.(error, `${c.req.method} ${c.req.path}`);
    return answer;
  });
  web.notFound((c) => {
    const problem = { code: 'RouteUnknown', message: `There is nothing at ${c.req.method} ${c.req.path.slice(0, 80)}` };
    return answerError(c, new Refusal(404, problem));
  });
  web.use('*', async (c, next) => {
    await next();
    c.header('x-content-type-options', 'nosniff');
    if (!c.res.headers.has('cache-control')) c.header('cache-control', 'no-store');
  });
  web.get('/healthz', (c) => c.json({ status: 'ok' }));
  return web;
}
