// The routes of one home: the webhook, events, and the API. No host is named here: Node and Lambda both serve this.
import { Hono } from 'hono';
import { apiRoutes } from './api.ts';
import { imageEvents } from './image-events.ts';
import type { WebOptions } from './options.ts';
import { answerError, Refusal } from './problem.ts';
import { eventStream } from './stream.ts';
import { requireToken } from './token.ts';
import { webhook } from './webhook.ts';

/** All routes. Only `/healthz` and the webhook, which is signed, are open; the rest needs the token. */
export function createWeb(options: WebOptions): Hono {
  const web = new Hono();
  const guarded = requireToken(options.token);
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
  web.post('/webhook/:alias', webhook(options));
  web.use('/events', guarded);
  web.post('/events', imageEvents(options));
  web.use('/api/*', guarded);
  web.get('/api/events', eventStream(options));
  web.route('/api', apiRoutes(options));
  return web;
}
