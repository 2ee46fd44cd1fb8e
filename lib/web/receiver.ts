// The webhook alone: for a function that may do nothing but receive.
import type { Hono } from 'hono';
import { baseRoutes } from './base.ts';
import type { ReceiverOptions } from './options.ts';
import { webhook } from './webhook.ts';

/** Receives webhooks at `/webhook/<alias>`. */
export function createReceiver(options: ReceiverOptions): Hono {
  const web = baseRoutes(options);
  web.post('/webhook/:alias', webhook(options));
  return web;
}
