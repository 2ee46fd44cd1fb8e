// The routes of a home: the webhook, events, and the API. No host is named here: Node and Lambda both serve this.
import type { Hono } from 'hono';
import { apiRoutes } from './api.ts';
import { baseRoutes } from './base.ts';
import { imageEvents } from './image-events.ts';
import type { ApiOptions, WebOptions } from './options.ts';
import { repositoryRoutes } from './repositories.ts';
import { eventStream } from './stream.ts';
import { requireToken } from './token.ts';
import { webhook } from './webhook.ts';

/** All routes in one. Only `/healthz` and the webhook, which is signed, are open; the rest needs the token. */
export function createWeb(options: WebOptions): Hono {
  const web = baseRoutes(options);
  web.post('/webhook/:alias', webhook(options));
  return withApi(web, options);
}

/** The API alone: who may call is checked by whoever passes the requests on, unless there is a token. */
export function createApi(options: ApiOptions): Hono {
  return withApi(baseRoutes(options), options);
}

function withApi(web: Hono, options: ApiOptions): Hono {
  if (options.token !== undefined) {
    const guarded = requireToken(options.token);
    web.use('/events', guarded);
    web.use('/api/*', guarded);
  }
  web.post('/events', imageEvents(options));
  web.get('/api/events', eventStream(options));
  if (options.repositories !== undefined)
    web.route('/api/repositories', repositoryRoutes(options, options.repositories));
  web.route('/api', apiRoutes(options));
  return web;
}
